"""An ASGI function that does nothing, for conway.server: what the server alone costs."""

from collections.abc import Awaitable, Callable
from typing import Any

BODY = b'{"content":"word"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]


async def application(
    scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


async def start() -> None:
    pass


async def stop(deadline: float) -> None:
    pass
