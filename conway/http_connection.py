"""A client's connection: Daphne's request with a bound on its body, our error shape, and an ear for a slow reader."""

import asyncio
from typing import Any
from weakref import WeakSet

from daphne.http_protocol import WebRequest
from twisted.internet import reactor
from twisted.internet.interfaces import IPushProducer
from twisted.web.http import HTTPChannel, HTTPFactory
from zope.interface import implementer

from conway.common.errors import ApiError

LINGER_SECONDS = 10  # for a client that sends its whole body before it reads why it was refused


def error(status: int, message: str, code: str | None = None) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body in the one shape of errors."""
    response = ApiError(status, code, message).response()
    response["content-length"] = str(len(response.content))
    return [(name.encode(), value.encode()) for name, value in response.items()], response.content


@implementer(IPushProducer)
class Flow:
    """Twisted's word on whether the client's socket takes more."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    def pauseProducing(self) -> None:
        self.open.clear()

    def resumeProducing(self) -> None:
        self.open.set()

    stopProducing = resumeProducing  # the connection is gone: nobody shall wait for it


class Request(WebRequest):
    received = 0
    refused = False
    flow: Flow | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Django reads forms; Twisted would parse each of them first, whole and in memory."""
        super().__init__(*args, parsePOSTFormSubmission=False, **kwargs)

    # The body

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        if (length or 0) > self.server.max_body_bytes:
            self.refuse_body()

    def handleContentChunk(self, data: bytes) -> None:
        self.received += len(data)
        if not self.refused and self.received > self.server.max_body_bytes:  # sent in chunks of no declared sum
            self.refuse_body()
        if not self.refused:
            super().handleContentChunk(data)

    def refuse_body(self) -> None:
        """Answers before the body is here, and drops what still comes of it: closing at once would reset the client."""
        self.refused = True
        limit = self.server.max_body_bytes // 2**20
        headers, body = error(413, f"The request body is larger than {limit} MB.")
        self.channel.writeHeaders(b"HTTP/1.1", b"413", b"Content Too Large", [*headers, (b"connection", b"close")])
        self.channel.write(body)
        reactor.callLater(LINGER_SECONDS, self.channel.transport.abortConnection)

    def process(self) -> Any:
        if self.refused:
            return self.channel.loseConnection()
        if self.server.stopping:
            return self.reply(503, *error(503, "The server is restarting; try again in a moment.", "server_restarting"))
        return super().process()

    # The answer

    def start_flow(self) -> None:
        if self.channel is not None:  # else the client has left
            self.flow = Flow()
            self.registerProducer(self.flow, streaming=True)

    def end_flow(self) -> None:
        if self.flow is not None and self.producer is self.flow and self.channel is not None:
            self.unregisterProducer()

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Daphne's own answers, where no application ran or its answer could not be sent."""
        self.reply(status, *error(status, body))

    def reply(self, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": content})

    def handle_exception(self, exception: BaseException) -> None:
        if self._response_started:
            self.channel.loseConnection()  # without an end, which would say that all is well
        else:
            super().handle_exception(exception)


class Channel(HTTPChannel):
    requestFactory = Request

    def connectionMade(self) -> None:
        super().connectionMade()
        self.factory.channels.add(self)

    def close_when_idle(self) -> None:
        self.persistent = False
        if not self.requests:
            self.loseConnection()


class Factory(HTTPFactory):
    protocol = Channel

    def __init__(self, server: Any) -> None:
        super().__init__()
        self.server = server
        self.channels: WeakSet[Channel] = WeakSet()

    def log(self, request: Request) -> None:
        """No line per request: Twisted would put one together, and our log would drop it."""
