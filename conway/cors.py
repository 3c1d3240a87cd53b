"""Which pages of other origins may read the API from a browser (CONWAY_CORS_ORIGINS; nobody's unless named there).

Callers prove themselves with the Authorization header alone, so cookies are never allowed along.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

from django.conf import settings

Header = tuple[bytes, bytes]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

METHODS = b"GET, POST, PUT, PATCH, DELETE"
READABLE = (b"x-", b"retry-after")  # headers of ours that a page may read, by how their names begin
PREFLIGHT_SECONDS = b"600"
LONGEST_REQUEST_HEADERS = 2_000


def allowed(path: str, origin: bytes) -> bytes | None:
    """The origin, where a page of it may read this."""
    if not origin or not path.startswith("/v1/"):
        return None
    return origin if origin.decode("latin-1") in settings.CONWAY_CORS_ORIGINS else None


def header(headers: Iterable[Header], wanted: bytes, default: bytes = b"") -> bytes:
    return next((value for name, value in headers if name == wanted), default)


def is_preflight(scope: MutableMapping[str, Any]) -> bool:
    return scope["method"] == "OPTIONS" and bool(header(scope["headers"], b"access-control-request-method"))


def with_origin(origin: bytes, headers: Iterable[Header]) -> list[Header]:
    """An answer's headers, so that a page of that origin may read it."""
    answered = list(headers)
    readable = b", ".join(name for name, _ in answered if name.lower().startswith(READABLE))
    return [
        *answered,
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", readable or b"x-request-id"),
        (b"vary", b"Origin"),
    ]


def sender(origin: bytes, send: Send) -> Send:
    async def with_headers(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": with_origin(origin, message.get("headers", ()))}
        await send(message)

    return with_headers


async def preflight(origin: bytes, scope: MutableMapping[str, Any], send: Send) -> None:
    wanted = header(scope["headers"], b"access-control-request-headers")[:LONGEST_REQUEST_HEADERS]
    headers = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", wanted or b"authorization, content-type"),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
        (b"vary", b"Origin"),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
