"""A small HTTP/1.1 server for one ASGI application: it starts at once and knows when its reader is gone.

`send()` waits for a slow reader and raises ConnectionResetError when there is none any more. An exception after the
response has begun drops the connection without an end, as a breaking upstream does.
"""

import asyncio
import signal
import socket
import sys
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

from .http_parsing import Framed, Malformed, read_request

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[
    [dict[str, Any], Callable[[], Awaitable[dict[str, Any]]], Callable[[dict[str, Any]], Awaitable[None]]],
    Awaitable[None],
]
REASONS = {status.value: status.phrase for status in HTTPStatus} | {529: "Overloaded"}
UNSENT_BYTES_MAX = 16 * 1024


class Dropped(Exception):
    """Raised by an application that wants its connection reset."""


class Connection(asyncio.Protocol):
    """One client; requests come one after another, whole, before the application is called."""

    def __init__(self, app: App) -> None:
        self.app, self.unread = app, bytearray()
        self.gone, self.writable = asyncio.Event(), asyncio.Event()
        self.writable.set()
        self.running: asyncio.Task[None] | None = None
        self.chunked = self.begun = self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=UNSENT_BYTES_MAX)
        self.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self.unread += data
        self.begin_next()

    def eof_received(self) -> None:
        self.gone.set()
        self.writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.eof_received()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def begin_next(self) -> None:
        if self.running:
            return
        try:
            request = read_request(self.unread)
        except Malformed as fault:
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()
            print(f"sandbox: malformed request: {fault}", file=sys.stderr)
            return
        if request:
            self.running = asyncio.get_running_loop().create_task(self.run(request))

    async def run(self, request: Framed) -> None:
        self.body: bytes | None = request.body
        self.begun = self.ended = False
        path, _, query = request.target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "path": unquote(path),
            "query_string": query.encode(),
            "headers": request.headers,
        }
        try:
            await self.app(scope, self.receive, self.send)
        except (ConnectionError, Dropped):
            pass
        except Exception:
            traceback.print_exc()
        self.running = None
        if not self.ended:
            self.transport.abort()
        elif not self.gone.is_set():
            self.begin_next()

    async def receive(self) -> dict[str, Any]:
        if self.body is not None:
            body, self.body = self.body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if self.gone.is_set() or self.transport.is_closing():
            raise ConnectionResetError("the reader is gone")
        if message["type"] == "http.response.start":
            self.write_head(message["status"], message.get("headers", []))
        else:
            self.write_body(message.get("body", b""), message.get("more_body", False))
        if not self.writable.is_set():
            await self.writable.wait()
            if self.gone.is_set():
                raise ConnectionResetError("the reader is gone")

    def write_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.begun, self.chunked = True, not any(name == b"content-length" for name, _ in headers)
        if self.chunked:
            headers = [*headers, (b"transfer-encoding", b"chunked")]
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        self.transport.write(b"HTTP/1.1 %d %s\r\n%s\r\n" % (status, REASONS.get(status, "Unknown").encode(), lines))

    def write_body(self, body: bytes, more: bool) -> None:
        self.ended = not more
        if not self.chunked:
            self.transport.write(body)
            return
        self.transport.write(
            (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + (b"0\r\n\r\n" if self.ended else b"")
        )


async def serve(app: App, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; open answers are cut."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(lambda: Connection(app), host, port, backlog=1024)
    print(f"sandbox listening on http://{host}:{server.sockets[0].getsockname()[1]}", flush=True)
    await stop.wait()
    server.close()
