"""One connection of a client: what may be sent on it, how long that may take, and how it ends."""

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from http import HTTPStatus
from socket import SO_ERROR, SOL_SOCKET
from typing import Any

from twisted.internet import reactor
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.protocols.basic import LineReceiver
from twisted.web.http_headers import Headers
from zope.interface import implementer

from conway.framing import CONTROL, Framed
from conway.request import RESTARTING, Request, error
from conway.seats import Seat, host_of

LINGER_SECONDS = 10  # for a client that sends its whole body before it reads why it was refused
LINGER_BYTES = 128 * 1024 * 1024
PROBE_SECONDS = 0.05  # until a client that is gone has said so
PHRASES = {413: b"Content Too Large"}


class Phase(Enum):
    IDLE = auto()
    HEAD = auto()  # a request has begun, its headers are not all here
    BODY = auto()
    ANSWER = auto()
    LINGER = auto()  # answered before the request was here: what still comes of it is dropped
    CLOSING = auto()


def cleaned(fields: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Without ends of lines."""
    headers = Headers()
    for name, value in fields:
        headers.addRawHeader(name, value)
    return headers


SENDING = (Phase.IDLE, Phase.CLOSING)  # an answer has been made, and may still be on its way


@implementer(IHalfCloseableProtocol)
class Channel(Framed):
    requestFactory = Request
    phase = Phase.IDLE
    since = 0.0
    read_closed = False
    dropped = unsent = 0
    seat: Seat | None = None

    def connectionMade(self) -> None:
        super().connectionMade()
        self.factory.channels.add(self)
        self.seat = self.factory.seats.take(host_of(self.transport.getPeer()))
        self.enter(Phase.IDLE)

    def enter(self, phase: Phase) -> None:
        if phase is Phase.IDLE:
            self.factory.idle[self] = None
        elif self.phase is Phase.IDLE:
            self.factory.idle.pop(self, None)
        self.phase, self.since = phase, self.factory.server.loop.time()

    @property
    def is_ending(self) -> bool:
        return self.phase is Phase.LINGER or self.phase is Phase.CLOSING

    def has_read(self) -> bool:
        """Whether the client took any of its answer since the last look."""
        before, self.unsent = self.unsent, self.transport.bytes_unsent()
        return self.unsent != before

    # What comes

    def dataReceived(self, data: bytes) -> None:
        if self.phase is Phase.IDLE:
            self.enter(Phase.HEAD)
        elif self.is_ending:
            return self.drop(data)
        LineReceiver.dataReceived(self, data)
        if self.phase is Phase.BODY:
            self.requests[-1].body.hold_back()

    def drop(self, data: bytes) -> None:
        self.dropped += len(data)
        if self.dropped > LINGER_BYTES:
            self.transport.abortConnection()

    def lineReceived(self, line: bytes) -> None:
        if self.is_ending:
            return
        if CONTROL(line):
            return self.refuse(400, "A line of the request's head contains a control character.")
        if line[:1] in (b" ", b"\t"):
            return self.refuse(400, "A header is folded over several lines.")
        if self._receivedHeaderSize + len(line) > self.totalHeadersSize:
            return self.refuse(431, f"The request's headers are larger than {self.totalHeadersSize} bytes.")
        super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(431, f"The request's headers are larger than {self.totalHeadersSize} bytes.")

    def rawDataReceived(self, data: bytes) -> None:
        """What comes behind a request that runs waits here; Twisted would take all from who reads no answer."""
        if self.is_ending:
            return
        super().rawDataReceived(data)
        if self._handlingRequest and self._waitingForTransport:
            self.stop_reading()  # until the request is done and its answer read

    def allHeadersReceived(self) -> None:
        hosts = self.requests[-1].requestHeaders.getRawHeaders(b"Host", [])
        if len(hosts) > 1 or (not hosts and self._version == b"HTTP/1.1"):
            return self.refuse(400, "A request names one Host.")
        super().allHeadersReceived()
        if self.length != 0 and not self.is_ending:
            self.phase = Phase.BODY  # `since` stays: the whole request has one deadline

    def _send100Continue(self) -> None:
        if not self.is_ending:
            self.requests[-1].await_continue()

    def allContentReceived(self) -> None:
        if not self.is_ending:
            self.phase = Phase.ANSWER
            super().allContentReceived()

    # What a body asks for

    def stop_reading(self) -> None:
        self.transport.pauseProducing()

    def read_on(self) -> None:
        if not self.is_ending:
            self.transport.resumeProducing()

    def say_continue(self) -> None:
        self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # The answer

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:
        """Twisted hands its transport each word of them apart."""
        fields = headers if isinstance(headers, Headers) else cleaned(headers)
        lines = [b"%b: %b\r\n" % (name, value) for name, values in fields.getAllRawHeaders() for value in values]
        self.transport.write(b"%b %b %b\r\n%b\r\n" % (version, code, reason, b"".join(lines)))

    # The end of a request

    def checkPersistence(self, request: Request, version: bytes) -> bool:
        said = b",".join(request.requestHeaders.getRawHeaders(b"Connection", [])).lower().split(b",")
        stays = version == b"HTTP/1.1" and b"close" not in map(bytes.strip, said)
        if not stays and version == b"HTTP/1.1":
            request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        return stays and not self.factory.server.stopping

    def requestDone(self, request: Request) -> None:
        if self.phase is Phase.BODY:
            self.requests.remove(request)
            return self.linger()
        if not self.is_ending:
            self.enter(Phase.IDLE)
        super().requestDone(request)
        if self.read_closed and self.phase is not Phase.ANSWER and not self.is_ending:
            self.loseConnection()

    def refuse(
        self, status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answers instead of the application, and closes the connection: where the request ends is not known."""
        if self.is_ending:
            return
        request = self.requests[-1] if self.requests else None
        if request is not None and request.startedWriting:
            return self.transport.abortConnection()
        path = getattr(request, "plain_path", "")
        fields, content = error(status, message, code, headers, self.factory.server.error_bodies.get(path))
        if request is not None:
            fields = request.readable(fields)
            content = b"" if getattr(self, "_command", b"") == b"HEAD" else content
            request.give_up()
        phrase = PHRASES.get(status) or HTTPStatus(status).phrase.encode()
        self.writeHeaders(b"HTTP/1.1", b"%d" % status, phrase, [*fields, (b"connection", b"close")])
        self.write(content)
        self.linger()

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(400, "This is not a request of HTTP/1.1.")

    def linger(self) -> None:
        """Closing at once would reset a client that is still sending, before it reads its answer."""
        if self.read_closed:
            return self.loseConnection()
        self.enter(Phase.LINGER)
        self.persistent = False
        self._networkProducer.unregisterProducer()
        self.transport.loseWriteConnection()
        self.transport.resumeProducing()

    def loseConnection(self) -> None:
        self.enter(Phase.CLOSING)
        super().loseConnection()

    def close_when_idle(self) -> None:
        """The server stops. A request that is half here is told to come again, when it is whole or at once."""
        self.persistent = False
        if not self.requests:
            self.loseConnection()
        elif self.phase is Phase.BODY and self.requests[-1].body.streamed:
            self.refuse(503, *RESTARTING)

    # The end of the connection

    def readConnectionLost(self) -> None:
        """The client sends no more. Whether it still listens is seen when something is sent to it."""
        self.read_closed = True
        if self.phase is not Phase.ANSWER:
            return self.transport.loseConnection()
        request = self.requests[0]
        if not request.startedWriting and request.clientproto == b"HTTP/1.1":
            self.say_continue()  # which every client must bear, and a closed socket answers with a reset
            reactor.callLater(PROBE_SECONDS, self.look_if_gone)

    def writeConnectionLost(self) -> None:
        """All that was to be said before lingering has been sent."""

    def look_if_gone(self) -> None:
        """Nobody reads this socket any more, so a reset is to be asked for."""
        if self.transport.connected and self.transport.getHandle().getsockopt(SOL_SOCKET, SO_ERROR):
            self.transport.abortConnection()

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        self.forget()

    def make_room(self) -> None:
        """Gives this connection's place away at once; the connection itself ends a little later."""
        self.forget()
        self.transport.abortConnection()

    def hand_over(self, protocol: Any) -> None:
        """The connection has become a web socket."""
        protocol.seat, self.seat = self.seat, None
        self.forget()

    def forget(self) -> None:
        self.factory.channels.discard(self)
        self.factory.idle.pop(self, None)
        if self.seat is not None:
            self.seat.leave()
            self.seat = None

    # Time

    def too_late(self) -> None:
        match self.phase:
            case Phase.IDLE:
                self.loseConnection()
            case Phase.HEAD if not self.requests:
                self.loseConnection()
            case Phase.HEAD | Phase.BODY:
                self.refuse(408, "The request did not arrive in time.", "request_timeout")
            case _:
                self.transport.abortConnection()
