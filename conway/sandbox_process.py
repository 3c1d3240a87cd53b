"""The upstream simulator as a process beside the workers, at one address for as long as they live."""

import asyncio
import ctypes
import signal
import sys
from asyncio.subprocess import PIPE, Process
from urllib.parse import urlsplit

from django.conf import settings

from conway.supervisor import SupervisedProcess

START_SECONDS = 30
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Sandbox:
    url = ""

    def __init__(self) -> None:
        self.kept = SupervisedProcess("sandbox", self.start)
        self.started = asyncio.Event()

    async def start(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "inference.sandbox",
            "--port", str(urlsplit(self.url).port or 0), "--pace", str(settings.CONWAY_SANDBOX_PACE_MS),
            stdout=PIPE, start_new_session=True, preexec_fn=end_with_parent,
        )  # fmt: skip
        assert process.stdout
        if ready := (await process.stdout.readline()).split():
            self.url = ready[-1].decode()
            self.started.set()
        return process

    async def ready(self) -> str:
        """The sandbox's address, once it listens."""
        self.kept.keep()
        await asyncio.wait_for(self.started.wait(), START_SECONDS)
        return self.url


def end_with_parent() -> None:
    """Has the system end this process with its parent: it reads no input whose end could tell."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
