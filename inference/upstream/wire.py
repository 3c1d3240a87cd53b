"""HTTP/1.1 to the providers: an httpx transport over llhttp, with one protocol object for each connection.

A request goes out once. No redirect is followed, no cookie kept, nothing decoded, nothing asked again; and there is no
pool to wait for: how many connections there may be is client.py's.
"""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import httptools
import httpx2 as httpx

from inference.upstream.routes import Address, Origin, Routes, Stale, Waits, credentials

KEPT_SECONDS = 15  # an idle connection; providers close theirs after a minute or more
MOST_UNREAD = 256 * 1024  # bytes of a body, beyond which the provider has to wait
MOST_BETWEEN = 64 * 1024  # bytes with none of a body among them: heads, trailers


class Connection(asyncio.Protocol):
    """One exchange at a time, which one task waits for."""

    transport: asyncio.Transport

    def __init__(self, gone: Callable[["Connection"], object]) -> None:
        self.loop, self.gone = asyncio.get_running_loop(), gone
        self.waiter: asyncio.Future[None] | None = None
        self.failure: httpx.TransportError | None = None
        self.is_idle, self.is_full, self.is_paused, self.sent = True, False, False, 0

    def send(self, lines: Sequence[bytes], body: bytes = b"") -> None:
        """Begins an exchange."""
        head = b"\r\n".join(lines)
        if not (head.count(b"\r") == head.count(b"\n") == len(lines) - 1) or b"\0" in head:
            raise httpx.LocalProtocolError("A header holds the end of a line.")
        self.parser = httptools.HttpResponseParser(self)
        self.parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True)
        self.status, self.headers, self.sent = 0, list[tuple[bytes, bytes]](), self.sent + 1
        self.parts, self.unread, self.between = list[bytes](), 0, 0
        self.has_head = self.is_whole = self.may_stay = self.ends_with_connection = self.is_idle = False
        self.transport.writelines([head, b"\r\n\r\n", body])

    @property
    def is_out(self) -> bool:
        """Or need not go out any more: the answer is here."""
        return not self.is_full or self.has_head

    @property
    def is_reusable(self) -> bool:
        """An answer can be whole before its request is: to a body that is too large, say."""
        return self.is_whole and self.may_stay and not self.is_paused and self.transport.get_write_buffer_size() == 0

    async def until(self, is_so: Callable[[], Any], seconds: float | None, late: type[httpx.TimeoutException]) -> None:
        """Raises `httpx.TransportError` where it never will be, `late` where nothing happens for so long."""
        while not is_so():
            if self.failure is not None:
                raise self.failure
            self.waiter = self.loop.create_future()
            try:
                await (self.waiter if seconds is None else asyncio.wait_for(self.waiter, seconds))
            except TimeoutError as error:
                raise late(f"Nothing for {seconds} s.") from error
            finally:
                self.waiter = None

    async def read(self, seconds: float | None) -> bytes:
        """All that has come; nothing at the end."""
        if not self.parts:
            await self.until(lambda: self.parts or self.is_whole, seconds, httpx.ReadTimeout)
        body = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        self.parts, self.unread = [], 0
        if self.is_paused:
            self.is_paused = False
            self.transport.resume_reading()
        return body

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def fail(self, failure: httpx.TransportError) -> None:
        self.failure = self.failure or failure
        self.wake()

    # What the loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's have another base

    def data_received(self, data: bytes) -> None:
        if self.is_idle:
            return self.transport.abort()  # nobody asked; it must not become the next one's answer
        self.between += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.may_stay = False
            if not self.is_whole:
                self.fail(httpx.RemoteProtocolError(f"The answer is no HTTP/1.1: {error}"))
        if self.between > MOST_BETWEEN and not self.is_whole:
            self.fail(httpx.RemoteProtocolError("The headers of the answer have no end."))
        if self.failure is not None:
            self.transport.abort()
        elif self.unread > MOST_UNREAD and not self.is_paused:
            self.is_paused = True
            self.transport.pause_reading()
        self.wake()

    def connection_lost(self, error: Exception | None) -> None:
        self.gone(self)
        if not self.is_idle and self.ends_with_connection and error is None and self.failure is None:
            self.is_whole = True
        self.may_stay = False
        is_stale = self.sent > 1 and not (self.between or self.has_head)
        self.fail((Stale if is_stale else httpx.ReadError)(str(error or "The server hung up.")))

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        self.wake()

    # What the parser tells

    def on_message_begin(self) -> None:
        if self.is_whole:
            raise ValueError("a second answer")  # ends the parsing

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:  # else it is a trailer
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()
        if self.status < 200:
            self.headers = []
            return
        self.has_head = True
        fields = {name.lower(): value.lower().rstrip(b" ") for name, value in self.headers}
        coding = fields.get(b"transfer-encoding")
        has_end = b"content-length" in fields if coding is None else coding.endswith(b"chunked")
        self.ends_with_connection = not has_end

    def on_body(self, body: bytes) -> None:
        self.parts.append(body)
        self.unread += len(body)
        self.between = 0

    def on_message_complete(self) -> None:
        if self.has_head:
            self.is_whole = True
            self.may_stay = self.parser.should_keep_alive()  # later it would tell of the next message


class Body(httpx.AsyncByteStream):
    """Read to its end, it leaves its connection to another request; else it is cut off."""

    def __init__(self, wire: "Wire", origin: Origin, connection: Connection, seconds: float | None) -> None:
        self.wire, self.origin, self.connection, self.seconds, self.is_open = wire, origin, connection, seconds, True

    def __aiter__(self) -> "Body":
        return self

    async def __anext__(self) -> bytes:
        if not self.is_open:
            raise httpx.StreamClosed
        if read := await self.connection.read(self.seconds):
            return read
        raise StopAsyncIteration

    async def aclose(self) -> None:
        if self.is_open:
            self.is_open = False
            self.wire.give_back(self.origin, self.connection)


class Wire(httpx.AsyncBaseTransport):
    """Of one event loop."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.routes, self.made = Routes(tls), partial(Connection, self.forget)
        self.idle: dict[Origin, dict[Connection, float]] = defaultdict(dict)  # until when
        self.sweeping: asyncio.TimerHandle | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        lines, body = [b"%b: %b" % header for header in request.headers.raw], await request.aread()
        waits = request.extensions.get("timeout", {})
        answer = await self.ask(request.method.encode(), Address.of(request.url), lines, body, waits)
        head = answer.connection
        return httpx.Response(head.status, headers=head.headers, stream=answer, request=request)

    async def ask(self, method: bytes, to: Address, lines: list[bytes], body: bytes, waits: Waits) -> "Body":
        """Of an answer whose status and headers its connection has. `lines`: the request's headers, all of them."""
        origin, target = to.origin, to.target
        if origin.scheme == "http" and (proxy := self.routes.proxy(origin)) is not None:
            target, lines = b"http://%b%b" % (to.host, target), [*lines, *credentials(proxy)]
        connection = self.kept(origin) or await self.routes.connection(self.made, origin, waits.get("connect"))
        try:
            connection.send([b"%b %b HTTP/1.1" % (method, target), *lines], body)
            if connection.is_full:
                await connection.until(lambda: connection.is_out, waits.get("write"), httpx.WriteTimeout)
            await connection.until(lambda: connection.has_head, waits.get("read"), httpx.ReadTimeout)
        except BaseException:
            connection.transport.abort()
            raise
        return Body(self, origin, connection, waits.get("read"))

    # Connections that wait for a request

    def kept(self, origin: Origin) -> Connection | None:
        """The last used, which its server is least likely to be hanging up."""
        idle = self.idle[origin]
        while idle:
            connection, _ = idle.popitem()
            if not connection.transport.is_closing():
                return connection
        return None

    def give_back(self, origin: Origin, connection: Connection) -> None:
        if not connection.is_reusable:
            return connection.transport.abort()
        connection.is_idle = True
        self.idle[origin][connection] = connection.loop.time() + KEPT_SECONDS
        if self.sweeping is None:
            self.sweeping = connection.loop.call_later(KEPT_SECONDS, self.sweep)

    def forget(self, connection: Connection) -> None:
        for idle in self.idle.values():
            idle.pop(connection, None)

    def sweep(self) -> None:
        loop, self.sweeping = asyncio.get_running_loop(), None
        left = [(until, connection) for idle in self.idle.values() for connection, until in idle.items()]
        for _, connection in [each for each in left if each[0] <= loop.time()]:
            connection.transport.close()
        if later := [until for until, _ in left if until > loop.time()]:
            self.sweeping = loop.call_at(min(later), self.sweep)

    async def aclose(self) -> None:
        if self.sweeping is not None:
            self.sweeping.cancel()
        for connection in [kept for idle in self.idle.values() for kept in idle]:
            connection.transport.close()
        self.idle.clear()
