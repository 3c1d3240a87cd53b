"""A process that is started again when it dies, until it is stopped."""

import asyncio
import logging
import signal
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10  # between the starts of a process that keeps dying


class SupervisedProcess:
    def __init__(self, name: str, start: Callable[[], Awaitable[Process]]) -> None:
        self.name, self.start = name, start
        self.process: Process | None = None
        self.stopping = asyncio.Event()
        self.died = asyncio.Event()

    def keep(self) -> None:
        self.keeping = asyncio.create_task(self.run())

    async def run(self) -> int:
        """The last exit status."""
        clock = asyncio.get_running_loop().time
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = clock()
            self.process = await self.start()
            if self.stopping.is_set():
                self.send(signal.SIGTERM)
            status = await self.process.wait()
            if not self.stopping.is_set():
                self.died.set()
                logger.warning("A %s ended with status %s and is started again", self.name, status)
                pause = FIRST_PAUSE_SECONDS if clock() - began > LONGEST_PAUSE_SECONDS else pause * 2
                await self.sleep(min(pause, LONGEST_PAUSE_SECONDS))
            if self.stopping.is_set():
                return status

    async def sleep(self, seconds: float) -> None:
        """Until it is time, or time to stop."""
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            pass

    async def stop(self) -> int:
        """The exit status; one that SIGTERM found before it could listen for it has ended well, too."""
        self.stopping.set()
        self.send(signal.SIGTERM)
        status = await self.keeping
        return 0 if status == -signal.SIGTERM else status

    def send(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(how)
