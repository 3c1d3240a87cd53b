"""An application that does what ours must not: hold the event loop, or take its time before it reads a body."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

STREAMED_PATHS = frozenset({"/late", "/refuses", "/length"})
LATE_SECONDS = 3
LARGE_BYTES = 16 * 1024 * 1024


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    await say(send, await ANSWERS[scope["path"]](receive))


async def say(send: Send, text: str) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text.encode()})


async def stuck(receive: Receive) -> str:
    time.sleep(3600)
    return "never"


async def late(receive: Receive) -> str:
    await asyncio.sleep(LATE_SECONDS)
    return await length(receive)


async def length(receive: Receive) -> str:
    total, more = 0, True
    while more:
        message = await receive()
        total, more = total + len(message.get("body", b"")), message.get("more_body", False)
    return str(total)


async def refuses(receive: Receive) -> str:
    return "no"


async def large(receive: Receive) -> str:
    return "x" * LARGE_BYTES


async def pid(receive: Receive) -> str:
    return str(os.getpid())


ANSWERS = {
    "/stuck": stuck,
    "/late": late,
    "/length": length,
    "/collected": length,
    "/refuses": refuses,
    "/pid": pid,
    "/large": large,
}


async def start() -> None:
    """Nothing to begin with."""


async def stop(deadline: float) -> None:
    """Nor to end with."""
