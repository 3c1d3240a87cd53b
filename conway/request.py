"""One request on a connection: its head becomes an ASGI scope, its body waits for the application, its answer for the
client."""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from daphne.http_protocol import WebRequest

from conway import cors, handshake
from conway.body import Body
from conway.budget import FREE_BYTES
from conway.common.errors import ApiError, new_request_id
from conway.transport import Flow

RESTARTING = ("The server is restarting; try again in a moment.", "server_restarting")
FULL = ("The server holds as many request bodies as it can; try again in a moment.", "server_busy")
RETRY = {"retry-after": "1"}


# An error, and the number of its request → the body of the answer.
Writes = Callable[[ApiError, str], bytes]


def error(
    status: int,
    message: str,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
    writes: Writes | None = None,
) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and body, in the one shape of errors unless the address has another."""
    failed, request_id = ApiError(status, code, message, headers=headers), new_request_id()
    response = failed.response(request_id)
    content = writes(failed, request_id) if writes else response.content
    response["content-length"] = str(len(content))
    return [(name.encode(), value.encode()) for name, value in response.items()], content


class Request(WebRequest):
    received = 0
    limit = 0
    refused = False
    flow: Flow | None = None
    body: Body | None = None
    hung_up: Callable[[], object] | None = None
    application_queue: Body | None  # what Daphne calls what it reads from

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Django reads forms; Twisted would parse each of them first, whole and in memory."""
        super().__init__(*args, parsePOSTFormSubmission=False, **kwargs)

    def parseCookies(self) -> None:
        """Django does."""

    # The head

    def gotLength(self, length: int | None) -> None:
        """The headers are complete. Who reads bodies itself begins now, before the body is here."""
        self.method, self.uri, self.clientproto = self.channel._command, self.channel._path, self.channel._version
        self.path, _, self.query_string = self.uri.partition(b"?")
        if not self.uri.isascii() or not self.uri.startswith(b"/"):
            self.channel.refuse(400, "A request asks for a path, in ASCII; this is no proxy.")
            return
        self.plain_path = unquote(self.path.decode("ascii"))
        streamed = self.method == b"POST" and self.plain_path in self.server.streamed_paths
        self.limit = self.server.max_body_bytes if streamed else self.server.max_page_bytes
        self.body = Body(self.channel, streamed=streamed)
        if (length or 0) > self.limit:
            self.refuse_body()
        elif streamed and length != 0 and self.server.stopping:
            self.channel.refuse(503, *RESTARTING)
        elif streamed and length != 0:
            self.start()

    def await_continue(self) -> None:
        assert self.body
        self.body.continue_wanted = True
        if not self.body.streamed:
            self.body.ask()

    def origin(self) -> bytes | None:
        """The origin of the page that asks, where it may read the answer."""
        origin = self.requestHeaders.getRawHeaders(b"Origin")
        path = getattr(self, "plain_path", "")
        return cors.allowed(path, origin[0]) if origin else None

    def readable(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        origin = self.origin()
        return headers if origin is None else cors.with_origin(origin, headers)

    # The body

    def handleContentChunk(self, data: bytes) -> None:
        assert self.body
        if self.refused:
            return
        self.received += len(data)
        if self.received > self.limit:  # sent in chunks of no declared sum
            self.refuse_body()
        elif self.received <= FREE_BYTES or self.hold(min(len(data), self.received - FREE_BYTES)):
            self.body.feed(data)

    def hold(self, count: int) -> bool:
        """Whether there is room for so many bytes more; if not, this request has been answered."""
        self.server.budget.take(self, count)
        return not self.refused

    def refuse_body(self) -> None:
        size = f"{self.limit // 2**20} MB" if self.limit >= 2**20 else f"{self.limit} bytes"
        self.channel.refuse(413, f"The request body is larger than {size}.")

    def refuse_for_room(self) -> None:
        self.server.budget.give_back(self)
        if self.channel is not None:
            self.channel.refuse(503, *FULL, RETRY)
        self.refused = True

    def give_up(self) -> None:
        """Somebody else has answered."""
        self.refused = True
        self.server.budget.give_back(self)
        if self.body is not None:
            self.body.disconnect()
        self.hang_up()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The body is complete."""
        assert self.body
        self.body.end()
        if self.application_queue is None:
            self.process()

    # The application

    def process(self) -> Any:
        if self.server.stopping:
            return self.reply(503, *error(503, *RESTARTING))
        headers, has_body = self.requestHeaders, self.received > 0
        if handshake.is_asked_for(self.method, self.clientproto, headers, has_body=has_body):
            return self.become_web_socket()
        self.start()

    def become_web_socket(self) -> None:
        if (flaw := handshake.flaw(self.requestHeaders)) is not None:
            self.channel.refuse(flaw.status, flaw.message, headers=flaw.headers)
            return
        channel, transport = self.channel, self.transport
        self.content = BytesIO()
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")  # Daphne would believe it, of anybody
        super().process()
        if transport.protocol is not channel:
            channel.hand_over(transport.protocol)

    def start(self) -> None:
        assert self.body
        if hasattr(self.client, "host") and hasattr(self.client, "port"):
            self.client_addr = [str(self.client.host), self.client.port]
            self.server_addr = [str(self.host.host), self.host.port]
        headers = [
            (lower, value)
            for name, values in self.requestHeaders.getAllRawHeaders()
            if b"_" not in (lower := name.lower())  # which Django would take for a hyphen (CVE-2015-0219)
            for value in values
        ]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": self.clientproto[5:].decode(),
            "method": self.method.decode(),
            "path": self.plain_path,
            "raw_path": self.path,
            "root_path": self.server.root_path,
            "scheme": "http",
            "query_string": self.query_string,
            "headers": headers,
            "client": self.client_addr,
            "server": self.server_addr,
            "extensions": {  # docs/decisions/server.md
                "conway.hold": self.hold,
                "conway.hang_up": self.tell_hang_up,
                "conway.write": self.write_piece,
            },
        }
        self.application_queue = self.body
        self.server.begin_application(self, scope, self.body.receive)

    def send_disconnect(self) -> None:
        """The client has its answer, or has left."""
        assert self.body
        self.body.disconnect()
        self.server.budget.give_back(self)

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        self.hang_up()

    def tell_hang_up(self, call: Callable[[], object]) -> None:
        """`call` is called once, when the client leaves before its answer is complete: at once if it has."""
        self.hung_up = call
        if self.channel is None or self.refused:
            self.hang_up()

    def hang_up(self) -> None:
        if (call := self.hung_up) is not None:
            self.hung_up = None
            call()

    # The answer

    def handle_reply(self, message: Mapping[str, Any]) -> None:
        if self.refused:
            return
        if message["type"] == "http.response.start" and self.body is not None and self.channel is not None:
            self.server.budget.give_back(self)
            if not self.body.ended:
                self.channel.persistent = False
                self.responseHeaders.setRawHeaders(b"connection", [b"close"])
        super().handle_reply(message)

    def write_piece(self, piece: bytes) -> bool:
        """Sends a piece of a body that has begun; False, and nothing is sent, where the client takes no more now."""
        if self.channel is None or self.finished or not self.startedWriting:
            return False
        if self.flow is None or not self.flow.open.is_set():
            return False
        self.channel.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self.chunked else piece)
        return True

    def start_flow(self) -> None:
        if self.channel is not None and not self.refused:  # else the client has left, or has another answer
            self.flow = Flow()
            self.registerProducer(self.flow, streaming=True)

    def end_flow(self) -> None:
        if self.flow is not None and self.producer is self.flow and self.channel is not None:
            self.unregisterProducer()

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """Daphne's own answers, where no application ran or its answer could not be sent."""
        self.reply(status, *error(status, body))

    def reply(self, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
        self.handle_reply({"type": "http.response.start", "status": status, "headers": self.readable(headers)})
        self.handle_reply({"type": "http.response.body", "body": content})

    def handle_exception(self, exception: BaseException) -> None:
        if self.refused:
            return
        if self._response_started:
            self.channel.loseConnection()  # without an end, which would say that all is well
        else:
            super().handle_exception(exception)
