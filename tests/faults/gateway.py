"""The gateway's processes: a parent, its workers, and what may happen to them."""

import json
import os
import resource
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from tests.faults.machines import HERE, Machine
from tests.served import SERVE, Served, served

NO_PAGES = {"version": "1.1", "paths": {}, "hash": ""}


class Gateway:
    """`folder` is its CONWAY_DATA_DIR; several gateways on one folder share their spools. `machine`: where it runs."""

    def __init__(
        self, folder: Path, database_url: str, upstream_url: str, *, workers: int = 1, machine: Machine = HERE,
        **settings: str,
    ) -> None:  # fmt: skip
        (folder / "static").mkdir(parents=True, exist_ok=True)
        (folder / "static/staticfiles.json").write_text(json.dumps(NO_PAGES))
        self.folder, self.count = folder, workers
        environment = {
            "CONWAY_DATA_DIR": str(folder), "DATABASE_URL": database_url, "LOG_LEVEL": "WARNING",
            "CONWAY_SANDBOX": "1", "CONWAY_SANDBOX_URL": upstream_url, **settings,
        }  # fmt: skip
        self.stack = ExitStack()
        command = (*SERVE, "--workers", str(workers), "--host", machine.address)
        self.served: Served = self.stack.enter_context(
            served(*command, log=None, folder=None, within=machine.within, **environment)
        )

    @property
    def url(self) -> str:
        return self.served.url

    @property
    def workers(self) -> list[int]:
        parent = self.served.process.pid
        if self.served.process.poll() is not None:
            return []
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [int(child) for child in children if b"conway.server" in Path(f"/proc/{child}/cmdline").read_bytes()]

    @property
    def busiest_worker(self) -> int:
        """By its open sockets: one worker may have taken every client that came at once."""
        return max(self.workers, key=lambda worker: len(os.listdir(f"/proc/{worker}/fd")))

    def await_workers(self, seconds: float = 30) -> None:
        """Until as many are there as should be."""
        deadline = time.monotonic() + seconds
        while len(self.workers) < self.count:
            assert time.monotonic() < deadline, "no worker came back"
            time.sleep(0.05)

    def kill_worker(self, which: int = 0) -> None:
        os.kill(self.workers[which % len(self.workers)], signal.SIGKILL)

    def kill_workers(self) -> None:
        """All of them."""
        for worker in self.workers:
            os.kill(worker, signal.SIGKILL)

    def fill_disk(self) -> None:
        """No file of a worker may grow any more."""
        for worker in self.workers:
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def empty_disk(self) -> None:
        for worker in self.workers:
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def memory_kb(self) -> int:
        """Resident, of all workers."""
        return sum(resident_kb(worker) for worker in self.workers)

    def stop(self) -> int:
        return self.served.stop()

    def close(self) -> None:
        for worker in self.workers:
            os.kill(worker, signal.SIGCONT)
        if self.served.process.poll() is None:
            self.served.process.terminate()
        try:
            self.served.process.wait(60)
        except subprocess.TimeoutExpired:
            self.served.process.kill()
        self.stack.close()


def resident_kb(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
