"""A provider on loopback that says exactly the bytes it is told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx

from inference.upstream.wire import Wire

LINES = b"HTTP/1.1 200 OK\r\n"
Answer = Callable[["Line"], Awaitable[None]]


@dataclass
class Line:
    """One connection, at the server's end."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[bytes]

    async def hear(self) -> bytes:
        """A whole request. Raises `IncompleteReadError` where the client has left."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
        self.heard.append(head + await self.reader.readexactly(int(length.partition(b":")[2])))
        return self.heard[-1]

    async def say(self, *parts: bytes) -> None:
        """One after the other, so that most arrive in reads of their own."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()
            await asyncio.sleep(0.002)

    async def left(self) -> None:
        """Until the client has hung up."""
        try:
            while await self.reader.read(65536):
                pass
        except OSError:
            pass


@dataclass
class Provider:
    """`heard`: the requests; `lines`: how many connections there were; `open`: how many there are."""

    answer: Answer
    port: int = 0
    lines: int = 0
    open: int = 0
    heard: list[bytes] = field(default_factory=list)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines += 1
        self.open += 1
        try:
            await self.answer(Line(reader, writer, self.heard))
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.open -= 1
            writer.close()

    def url(self, scheme: str = "http") -> str:
        return f"{scheme}://localhost:{self.port}/v1/x?y=z"

    async def is_left(self) -> None:
        """Until no client is here."""
        async with asyncio.timeout(10):
            while self.open:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(
    answer: Answer, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Provider]:
    provider = Provider(answer)
    server = await asyncio.start_server(provider.connected, host, 0, ssl=tls)
    provider.port = server.sockets[0].getsockname()[1]
    try:
        yield provider
    finally:
        server.close()


def says(*answers: tuple[bytes, ...] | bytes, then_hang_up: bool = False) -> Answer:
    """To each request of a connection the next of these; to all others the last."""

    async def answer(line: Line) -> None:
        number = 0
        while await line.hear():
            parts = answers[min(number, len(answers) - 1)]
            number += 1
            await line.say(*([parts] if isinstance(parts, bytes) else parts))
            if then_hang_up:
                return

    return answer


def ok(body: bytes, *lines: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"content-length: %d" % len(body), b"", body])


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + end


def post(url: str, body: bytes = b"{}", **timeouts: float) -> httpx.Request:
    return httpx.Request("POST", url, content=body, headers={"x-own": "1"}, extensions={"timeout": timeouts})


async def read(response: httpx.Response) -> bytes:
    assert isinstance(response.stream, httpx.AsyncByteStream)
    try:
        return b"".join([part async for part in response.stream])
    finally:
        await response.stream.aclose()


async def asked(wire: Wire, url: str, times: int = 1) -> list[bytes]:
    return [await read(await wire.handle_async_request(post(url))) for _ in range(times)]


# Providers that keep a client waiting


async def hangs(line: Line) -> None:
    await line.hear()
    await line.say(LINES + b"content-length: 9\r\n\r\nhello")
    await line.left()


async def is_deaf(line: Line) -> None:
    line.reader._transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(5)


async def is_mute(line: Line) -> None:
    await line.left()


class Ear(asyncio.Transport):
    """Hears what a connection does to its socket."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def writelines(self, parts: Any) -> None:
        self.written += parts

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0
