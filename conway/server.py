"""A worker: Daphne, where send() waits for a slow reader and SIGTERM lets running answers end.

`python -m conway.server LISTENING PULSE MODULE [FOLDER SEAT]` serves MODULE.application on the listening socket of that
descriptor, and counts in that seat of that folder (conway.common.metrics).
MODULE.fork(), if there is one, runs while there is one thread and no event loop turns: what it forks holds all that was
imported. MODULE.start() runs before the first request; from then on a byte a second is written to PULSE, for as long as
the event loop goes round. SIGTERM stops it, and the end of standard input, which comes when the parent is gone, however
it went; MODULE.stop(deadline) is then its last act. Requests for MODULE.STREAMED_PATHS begin before their body is here;
what the server answers by itself at an address of MODULE.ERROR_BODIES has the body that is written there.
"""

import gc

if __name__ == "__main__":
    gc.disable()  # until the worker serves: no import makes garbage, and looking for it is a sixth of the start

import asyncio
import faulthandler
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import uvloop

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # before Daphne makes a loop and puts Twisted's reactor on it

from daphne.server import Server as Daphne
from daphne.ws_protocol import WebSocketFactory
from django.conf import settings
from twisted.internet import reactor
from twisted.logger import FilteringLogObserver, LogLevel, LogLevelFilterPredicate, STDLibLogObserver, globalLogBeginner

from conway.budget import Budget
from conway.common import metrics
from conway.connections import Factory, WebSocket
from conway.pulse import BEAT_SECONDS
from conway.request import Request, Writes
from conway.seats import Seats, most_connections, raise_descriptor_limit
from conway.transport import Flow, Transport

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0  # between two looks at how long clients have taken
LATE_SECONDS = 1.0  # a look that comes later than this tells of a suspended process


class Server(Daphne):
    """Limits are given by the caller, in seconds and bytes."""

    def __init__(
        self,
        application: Callable[..., Awaitable[None]],
        *,
        listening: int,
        start: Callable[[], Awaitable[None]],
        stop: Callable[[float], Awaitable[None]],
        beat: Callable[[], None],
        streamed_paths: frozenset[str],
        error_bodies: Mapping[str, Writes],
        seats: Seats,
        budget: Budget,
        max_body_bytes: int,
        max_page_bytes: int,
        headers_seconds: float,
        request_seconds: float,
        stall_seconds: float,
        stop_seconds: float,
        settle_seconds: float,
    ) -> None:
        super().__init__(application, endpoints=["unused"], server_name=None)
        self.listening, self.start_hook, self.stop_hook, self.beat = listening, start, stop, beat
        self.streamed_paths, self.error_bodies, self.budget = streamed_paths, error_bodies, budget
        self.max_body_bytes, self.max_page_bytes, self.stall_seconds = max_body_bytes, max_page_bytes, stall_seconds
        self.stop_seconds, self.settle_seconds = stop_seconds, settle_seconds
        self.http_factory = Factory(self, seats, headers_seconds=headers_seconds, request_seconds=request_seconds)
        self.connections: dict[Any, dict[str, Any]] = {}
        self.stopping = False
        self.status = 0

    def run(self) -> int:
        """The exit status, when all is over."""
        log_twisted()
        self.ws_factory = WebSocketFactory(self, server=None)
        self.ws_factory.protocol = WebSocket
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        self.loop = reactor._asyncioEventloop
        asyncio.set_event_loop(self.loop)
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        reactor.callWhenRunning(lambda: self.loop.create_task(self.begin()))
        reactor.run(installSignalHandlers=False)
        self.loop.run_until_complete(cancel_all())
        return self.status

    async def begin(self) -> None:
        try:
            await self.start_hook()
        except Exception:
            logger.exception("The server could not start")
            self.status = 1
            reactor.stop()
            return
        gc.enable()
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, self.stop_soon)
        self.loop.add_reader(sys.stdin.fileno(), self.stop_soon)
        with socket.socket(fileno=self.listening) as listening:  # the port has a duplicate of its own, which it closes
            self.port = reactor.adoptStreamPort(self.listening, listening.family, self.http_factory)
        self.port.transport = Transport
        self.go_round()
        self.look(self.loop.time())

    # Time

    def go_round(self) -> None:
        self.beat()
        self.loop.call_later(BEAT_SECONDS, self.go_round)

    def look(self, due: float) -> None:
        now = self.loop.time()
        if now - due > LATE_SECONDS:
            self.http_factory.start_anew(now)
        self.http_factory.look(now)
        self.loop.call_later(LOOK_SECONDS, self.look, now + LOOK_SECONDS)

    # Applications

    def begin_application(self, protocol: Request, scope: dict[str, Any], receive: Callable[[], Any]) -> None:
        running = self.application(scope, receive, partial(self.handle_reply, protocol))
        self.connections[protocol]["application_instance"] = self.loop.create_task(running)

    # Answers

    async def handle_reply(self, protocol: Any, message: Mapping[str, Any]) -> None:
        """Returns when the client's socket takes more, so what makes an answer cannot run ahead of who reads it."""
        if not isinstance(protocol, Request):
            await super().handle_reply(protocol, message)
            return
        if message["type"] == "http.response.body" and not message.get("more_body"):
            protocol.end_flow()
        await super().handle_reply(protocol, message)
        if message["type"] == "http.response.start":
            protocol.start_flow()
        elif protocol.flow and message.get("more_body") and not protocol.flow.open.is_set():
            await self.reader_takes(protocol, protocol.flow)

    async def reader_takes(self, protocol: Request, flow: Flow) -> None:
        try:
            await asyncio.wait_for(flow.open.wait(), self.stall_seconds)
        except TimeoutError:
            logger.warning("A client read nothing for %s s and was cut off", self.stall_seconds)
            protocol.channel.forceAbortClient()

    # The end

    def stop_soon(self) -> None:
        if not self.stopping:
            self.stopping = True
            self.loop.remove_reader(sys.stdin.fileno())
            self.loop.create_task(self.stop_gently())

    async def stop_gently(self) -> None:
        """No new requests; those running have until the deadline. Then the stop hook cuts and settles what is left."""
        await asyncio.ensure_future(self.port.stopListening().asFuture(self.loop))
        for channel in list(self.http_factory.channels):
            channel.close_when_idle()
        for protocol in self.running():
            if not isinstance(protocol, Request):
                protocol.serverClose()
        deadline = self.loop.time() + self.stop_seconds
        try:
            async with asyncio.timeout_at(deadline + self.settle_seconds):
                await asyncio.wait([self.loop.create_task(self.answers_end())], timeout=self.stop_seconds)
                await asyncio.gather(self.answers_end(), self.stop_hook(deadline))
        except Exception:
            logger.exception("The stop was not a gentle one")
            self.status = 1
        reactor.stop()

    async def answers_end(self) -> None:
        while any(isinstance(protocol, Request) for protocol in self.running()):
            await asyncio.sleep(0.05)

    def running(self) -> list[Any]:
        return [
            protocol
            for protocol, details in self.connections.items()
            if "application_instance" in details and not details["application_instance"].done()
        ]


async def cancel_all() -> None:
    """A coroutine that is left pending can crash the interpreter on its way out (seen with Python 3.11.7)."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def log_twisted() -> None:
    observer = FilteringLogObserver(STDLibLogObserver("twisted"), [LogLevelFilterPredicate(LogLevel.error)])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False, discardBuffer=True)


def main(listening: str, pulse: str, module: str, folder: str = "", seat: str = "") -> int:
    if folder:
        count_with_others(folder, seat)
    faulthandler.enable()  # the parent's SIGABRT shows what a stuck worker was at
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # its memory is private
    descriptors = raise_descriptor_limit()
    served = import_module(module)
    streamed_paths: frozenset[str] = getattr(served, "STREAMED_PATHS", frozenset())
    if fork := getattr(served, "fork", None):
        fork()

    def beat() -> None:
        try:
            os.write(int(pulse), b".")
        except (BlockingIOError, BrokenPipeError):
            pass  # a parent that is suspended, or gone: standard input tells of that

    return Server(
        served.application,
        listening=int(listening),
        start=served.start,
        stop=served.stop,
        beat=beat,
        streamed_paths=streamed_paths,
        error_bodies=getattr(served, "ERROR_BODIES", {}),
        seats=Seats(
            most_connections(settings.CONWAY_CONNECTIONS, descriptors),
            settings.CONWAY_CONNECTIONS_PER_ADDRESS,
            settings.CONWAY_TRUSTED_PROXIES,
        ),
        budget=Budget(settings.CONWAY_BODIES_BYTES),
        max_body_bytes=settings.CONWAY_MAX_BODY_BYTES,
        max_page_bytes=settings.CONWAY_PAGE_BODY_BYTES if streamed_paths else settings.CONWAY_MAX_BODY_BYTES,
        headers_seconds=settings.CONWAY_HEADERS_SECONDS,
        request_seconds=settings.CONWAY_REQUEST_SECONDS,
        stall_seconds=settings.CONWAY_STALL_SECONDS,
        stop_seconds=settings.CONWAY_STOP_SECONDS,
        settle_seconds=settings.CONWAY_SETTLE_SECONDS,
    ).run()


def count_with_others(folder: str, seat: str) -> None:
    try:
        metrics.join(folder, seat)
    except OSError as error:
        logger.warning("This worker's metrics are its own: %s", error)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
