"""All connections of a worker: who gets one, who is told that there is none, who makes room, who has taken too long."""

from collections import OrderedDict
from collections.abc import Mapping
from itertools import islice
from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import reactor
from twisted.internet.protocol import Protocol
from twisted.web.http import HTTPFactory

from conway.http_connection import LINGER_SECONDS, SENDING, Channel, Phase
from conway.request import RETRY, Request, error
from conway.seats import Seat, Seats, host_of

IDLE_SECONDS = 60  # between two requests
MOST_TURNED_AWAY = 64  # who are told why at once; the rest are only closed
TURNED_AWAY_SECONDS = 1
MOST_LOOKED_AT = 64  # of those that rest, for one to make room


class WebSocket(WebSocketProtocol):
    seat: Seat | None = None

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        if hasattr(self, "server"):  # else its handshake was refused before Daphne knew of it
            super().onClose(wasClean, code, reason)

    def connectionLost(self, reason: Any) -> None:
        try:
            super().connectionLost(reason)
        finally:
            if self.seat is not None:
                self.seat.leave()
                self.seat = None


class TurnedAway(Protocol):
    """Told why there is no connection for it."""

    def __init__(self, others: "set[TurnedAway]") -> None:
        self.others = others

    def connectionMade(self) -> None:
        self.others.add(self)
        fields, content = error(503, "Too many connections are open.", "too_many_connections", RETRY)
        head = b"".join(b"%s: %s\r\n" % field for field in [*fields, (b"connection", b"close")])
        self.transport.write(b"HTTP/1.1 503 Service Unavailable\r\n" + head + b"\r\n" + content)
        self.transport.loseWriteConnection()
        self.end = reactor.callLater(TURNED_AWAY_SECONDS, self.transport.abortConnection)

    def connectionLost(self, reason: Any = None) -> None:
        self.others.discard(self)
        if self.end.active():
            self.end.cancel()


class Factory(HTTPFactory):
    protocol = Channel

    def __init__(self, server: Any, seats: Seats, *, headers_seconds: float, request_seconds: float) -> None:
        super().__init__(timeout=None)  # one look at all of them a second instead of a timer each
        self.server, self.seats = server, seats
        self.channels: set[Channel] = set()
        self.idle: OrderedDict[Channel, None] = OrderedDict()  # the one that rests longest first
        self.turned_away: set[TurnedAway] = set()
        self.patience: Mapping[Phase, float] = {
            Phase.IDLE: IDLE_SECONDS,
            Phase.HEAD: headers_seconds,
            Phase.BODY: request_seconds,
            Phase.LINGER: LINGER_SECONDS,
            Phase.CLOSING: server.stall_seconds,  # for the rest of the answer to be read
        }

    def buildProtocol(self, address: Any) -> Protocol | None:
        if self.seats.is_full_for(host_of(address)) or (self.seats.is_full() and not self.make_room()):
            return TurnedAway(self.turned_away) if len(self.turned_away) < MOST_TURNED_AWAY else None
        return super().buildProtocol(address)

    def make_room(self) -> bool:
        """Who rests longest, and has read all of its answer, may come again."""
        for channel in islice(self.idle, MOST_LOOKED_AT):
            if not channel.transport.bytes_unsent():
                channel.make_room()
                return True
        return False

    def look(self, now: float) -> None:
        for channel in list(self.channels):
            if channel.phase in SENDING and channel.has_read():
                channel.since = now
            limit = self.patience.get(channel.phase)
            if limit is not None and now - channel.since > limit:
                channel.too_late()
            elif channel.read_closed:
                channel.look_if_gone()

    def start_anew(self, now: float) -> None:
        """This process was suspended: what its clients sent meanwhile may lie in the socket's buffer."""
        for channel in self.channels:
            channel.since = now

    def log(self, request: Request) -> None:
        """No line per request: Twisted would put one together, and our log would drop it."""
