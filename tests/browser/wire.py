"""A way to a server that can be cut: who is on it loses the connection, and who comes meanwhile is refused."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Wire:
    """From a port of its own; everything happens on the loop of another thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, target: int) -> None:
        self.loop, self.target, self.port = loop, target, 0
        self.ends: set[asyncio.StreamWriter] = set()
        self.mend()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        self.do(self.listen())

    def cut(self) -> None:
        self.do(self.end())

    def do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self.loop).result(10)

    async def listen(self) -> None:
        self.server = await asyncio.start_server(self.carry, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def end(self) -> None:
        self.server.close()
        for end in self.ends:
            end.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, there = await asyncio.open_connection("127.0.0.1", self.target)
        self.ends |= (both := {writer, there})
        try:
            await asyncio.gather(pump(reader, there), pump(answers, writer))
        finally:
            self.ends -= both


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextmanager
def wire_to(port: int) -> Iterator[Wire]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    wire = Wire(loop, port)
    try:
        yield wire
    finally:
        wire.cut()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
