"""POST /v1/chat/completions as bare ASGI: no middleware, no thread, nothing of Django's per request.

A third to a half of a small request's cost would be Django's handler (bench/README.md). The same endpoint as a
django-ninja operation, for its documentation and for whoever mounts the project elsewhere, is in api.py; both call
handler.complete().
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import aclosing
from typing import Any

from django.conf import settings

from conway.common.errors import ApiError, new_request_id
from inference.completion import handler
from inference.completion.response import Answer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


# A base URL without /v1 is the commonest slip in setting a client up.
PATHS = ("/v1/chat/completions", "/chat/completions")


class ClientLeft(Exception):
    """Before the whole request was here."""


async def completions(scope: Scope, receive: Receive, send: Send) -> None:
    headers = headers_of(scope)
    try:
        body = await read(receive)
    except ClientLeft:
        return
    if scope["method"] != "POST":
        await whole(handler.refusal(ApiError(405, headers={"allow": "POST"}), new_request_id()), send)
        return
    if body is None:
        await whole(handler.refusal(ApiError(413), new_request_id()), send)
        return
    talking = asyncio.ensure_future(talk(headers, body, send))
    hang_up = asyncio.ensure_future(receive())  # after the body, all that can come is http.disconnect
    await asyncio.wait((talking, hang_up), return_when=asyncio.FIRST_COMPLETED)
    for task in (talking, hang_up):
        task.cancel()
    await asyncio.wait((talking, hang_up))
    if not talking.cancelled():
        talking.result()


async def talk(headers: Mapping[str, str], body: bytes, send: Send) -> None:
    answer = await handler.complete(headers, body)
    if isinstance(answer.body, bytes):
        await whole(answer, send)
    else:
        await pieces(answer, answer.body, send)


async def whole(answer: Answer, send: Send) -> None:
    assert isinstance(answer.body, bytes)
    await start(answer, {"content-length": str(len(answer.body))}, send)
    await send({"type": "http.response.body", "body": answer.body})


async def pieces(answer: Answer, body: AsyncIterator[bytes], send: Send) -> None:
    async with aclosing(body) as stream:  # type: ignore[type-var]  # a generator, which can be closed
        await start(answer, {}, send)
        async for piece in stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def start(answer: Answer, more: Mapping[str, str], send: Send) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in {**answer.headers, **more}.items()
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


def headers_of(scope: Scope) -> dict[str, str]:
    """Lower-case names. Of a header sent twice both values count, as RFC 9110 joins them: two keys are no key."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        known = headers.get(name := name.decode("latin-1").lower())
        headers[name] = value.decode("latin-1") if known is None else f"{known}, {value.decode('latin-1')}"
    return headers


async def read(receive: Receive) -> bytes | None:
    """The body; None where it is larger than we take."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        size += len(message.get("body", b""))
        if size <= settings.CONWAY_MAX_BODY_BYTES:
            parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts) if size <= settings.CONWAY_MAX_BODY_BYTES else None
