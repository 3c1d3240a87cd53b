"""An application that shows what the server does with answers: slow, long, endless, broken ones. With `?straight` what
can goes straight to the client's socket.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from conway.transport import Transport

Receive = Callable[..., Awaitable[Any]]
Send = Callable[..., Awaitable[None]]

CHUNK = b"x" * 65536
CHUNKS = 1024
WORDS = 10

sent = socket_writes = 0
left: list[str] = []  # by clients who were still waited for


def straight(write: Callable[[bytes], bool], send: Send) -> Send:
    async def sent_straight(message: dict[str, Any]) -> None:
        if not (message.get("more_body") and write(message["body"])):
            await send(message)

    return sent_straight


write_some = Transport.writeSomeData


def counted(transport: Transport, data: bytes) -> Any:
    global socket_writes
    socket_writes += bool(data)
    return write_some(transport, data)


Transport.writeSomeData = counted


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await echo(receive, send)
    else:
        offered = scope["extensions"] if scope["query_string"] == b"straight" else {}
        if "conway.hang_up" in offered:
            offered["conway.hang_up"](lambda: left.append(scope["path"]))
        if "conway.write" in offered:
            send = straight(offered["conway.write"], send)
        await ANSWERS[scope["path"]](await whole_body(receive), send)


async def echo(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


async def whole_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    return body


async def begin(send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def write(send: Send, body: bytes, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def long(body: bytes, send: Send) -> None:
    """64 MB, as fast as the reader takes them."""
    global sent
    await begin(send)
    for chunks in range(1, CHUNKS + 1):
        await write(send, CHUNK)
        sent = chunks
    await write(send, b"", more=False)


async def words(body: bytes, send: Send) -> None:
    """One every tenth of a second."""
    await begin(send)
    for number in range(WORDS):
        await write(send, b"%d " % number)
        await asyncio.sleep(0.1)
    await write(send, b"end", more=False)


async def late(body: bytes, send: Send) -> None:
    await asyncio.sleep(0.3)
    await begin(send)
    await write(send, b"late", more=False)


async def endless(body: bytes, send: Send) -> None:
    await begin(send)
    while True:
        await write(send, b".")
        await asyncio.sleep(0.1)


async def breaks(body: bytes, send: Send) -> None:
    await begin(send)
    await write(send, b"half")
    raise RuntimeError("broken on purpose")


async def raises(body: bytes, send: Send) -> None:
    raise RuntimeError("raised on purpose")


def says(what: Callable[[bytes], int]) -> Callable[..., Awaitable[None]]:
    async def answer(body: bytes, send: Send) -> None:
        await begin(send)
        await write(send, b"%d" % what(body), more=False)

    return answer


def forget() -> int:
    global sent
    sent = 0
    return sent


ANSWERS = {
    "/long": long,
    "/words": words,
    "/endless": endless,
    "/late": late,
    "/breaks": breaks,
    "/raises": raises,
    "/length": says(len),
    "/pid": says(lambda _: os.getpid()),
    "/sent": says(lambda _: sent),
    "/forget": says(lambda _: forget()),
    "/socket-writes": says(lambda _: socket_writes),
    "/left": says(lambda _: len(left)),
}


async def start() -> None:
    note("start")


async def stop(deadline: float) -> None:
    note(f"stop {deadline - asyncio.get_running_loop().time():.0f}")


def note(word: str) -> None:
    with Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(f"{word}\n")
