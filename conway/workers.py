"""The parent: N workers on one listening socket, started again when they die, and stopped before the sandbox they use.

What one worker's death leaves waiting at the socket is taken by the next. The write end of a pipe is held by the parent
alone: its end, a kill -9 included, is the end of every worker's standard input. A worker whose event loop stands still
is ended like a dead one: what it had admitted is settled as after a kill -9.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings

from conway import readiness_notice
from conway.handover import Offer
from conway.pulse import Pulse
from conway.sandbox_process import Sandbox
from conway.supervisor import SupervisedProcess

logger = logging.getLogger(__name__)

BACKLOG = 1024
LAST_WORDS_SECONDS = 2  # for a stuck worker to say, on SIGABRT, what it was at
LAST_SECONDS = 15  # for a worker to end by itself after its stop deadline, before it is killed


def listen(host: str, port: int) -> socket.socket:
    """Port 0 takes a free one."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(address)
    listening.listen(BACKLOG)
    listening.setblocking(False)  # a worker must not wait in accept() for a client that another has taken
    return listening


class Workers:
    def __init__(
        self, listening: socket.socket, count: int, module: str = "conway.asgi", metrics: Path | None = None
    ) -> None:
        self.listening, self.metrics, self.module = listening, metrics, module
        self.lifeline, self.held = os.pipe()
        self.begun = asyncio.Semaphore(0)  # released by each worker that takes requests
        self.watches: set[asyncio.Task[None]] = set()
        self.processes = [SupervisedProcess("worker", partial(self.start, str(seat))) for seat in range(count)]

    async def start(self, seat: str) -> Process:
        pulse = Pulse()
        inherited = (self.listening.fileno(), pulse.write_end)
        counting = (str(self.metrics), seat) if self.metrics else ()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "conway.server", *map(str, inherited), self.module, *counting,
            stdin=self.lifeline, pass_fds=inherited, start_new_session=True,
        )  # fmt: skip
        pulse.leave_to_worker()
        watch = asyncio.create_task(self.watch(process, pulse))
        self.watches.add(watch)
        watch.add_done_callback(self.watches.discard)
        return process

    async def watch(self, process: Process, pulse: Pulse) -> None:
        if not await pulse.began:
            return
        self.begun.release()
        seconds = settings.CONWAY_STUCK_SECONDS
        if seconds and await pulse.stopped(seconds):
            logger.error("A worker's event loop has stood still for %s s; it is ended (pid %s)", seconds, process.pid)
            await end_now(process)

    async def ready(self) -> None:
        """Starts them all, until each takes requests."""
        for process in self.processes:
            process.keep()
        for _ in self.processes:
            await self.begun.acquire()

    async def any_died(self) -> None:
        """One that dies before all are ready would only die again."""
        await first(*(process.died.wait() for process in self.processes))

    async def stop(self, seconds: float) -> int:
        """The worst exit status. Who has not ended by itself in time is killed."""
        self.listening.close()  # clients are to be refused now, not when the last answer has ended
        for watch in list(self.watches):
            watch.cancel()  # it has its own time to end in now
        ends = [asyncio.create_task(process.stop()) for process in self.processes]
        _, late = await asyncio.wait(ends, timeout=seconds + LAST_SECONDS)
        for process in self.processes if late else []:
            process.send(signal.SIGKILL)
        return max(abs(status) for status in await asyncio.gather(*ends))


async def end_now(process: Process) -> None:
    for number, seconds in ((signal.SIGABRT, LAST_WORDS_SECONDS), (signal.SIGKILL, 0)):
        if process.returncode is None:
            process.send_signal(number)
            await asyncio.sleep(seconds)


async def serve(workers: Workers, *, sandbox: bool, stop_seconds: float, ready: Callable[[], None]) -> int:
    """Runs until SIGTERM, SIGINT or a takeover by another. The exit status is 0 if every worker ended as it should."""
    end = asyncio.Event()
    offer = Offer(workers.listening, end.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    upstream = Sandbox() if sandbox else None
    if upstream:
        os.environ["CONWAY_SANDBOX_URL"] = await upstream.ready()
    if await first(workers.ready(), workers.any_died(), end.wait()) == 0:
        offer.begin()
        ready()
        readiness_notice.say("READY=1")
        await end.wait()
        offer.end()
    readiness_notice.say("STOPPING=1")
    status = await workers.stop(stop_seconds)
    if upstream:
        await upstream.kept.stop()
    return status if end.is_set() else 1


async def first(*several: Coroutine[Any, Any, Any]) -> int:
    """Which of them ended first; the others are cancelled."""
    tasks = [asyncio.create_task(each) for each in several]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    return next(number for number, task in enumerate(tasks) if task.done() and not task.cancelled())
