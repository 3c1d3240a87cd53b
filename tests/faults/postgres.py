"""A PostgreSQL server that belongs to the faults alone: it may be stopped, killed, restarted and silenced."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from conway import embedded

TEMPLATE = "migrated"
START_SECONDS = 30


class Postgres:
    def __init__(self, folder: Path) -> None:
        self.cluster, self.port = folder / "cluster", free_port()
        folder.chmod(0o755)
        embedded.initialize(self.cluster)
        self.log = (folder / "log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None
        self.start()
        self.run(f"CREATE DATABASE {TEMPLATE}")
        migrate(self.url(TEMPLATE))

    def url(self, name: str) -> str:
        return f"postgresql://{embedded.USER}@127.0.0.1:{self.port}/{name}"

    def new_database(self, name: str) -> str:
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self.url(name)

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connected:
            for statement in statements:
                connected.execute(statement)

    def start(self) -> None:
        # Processes die here, the machine does not: what was written is there again without waiting for the disk.
        arguments = ["-D", self.cluster, "-k", self.cluster, "-h", "127.0.0.1", "-p", str(self.port), "-c", "fsync=off"]
        self.process = subprocess.Popen(
            [*embedded.as_nobody(), embedded.binary("postgres"), *arguments],
            stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)

    def answers(self) -> bool:
        asked = [embedded.binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked).returncode == 0

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT is a fast shutdown, SIGQUIT a crash that is recovered from at the next start."""
        assert self.process
        self.process.send_signal(how)
        self.process.wait(START_SECONDS)

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        self.stop(how)
        self.start()

    @contextmanager
    def away(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """It takes connections and statements, and says nothing."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        everyone = [self.process.pid, *map(int, children)]
        signal_all(everyone, signal.SIGSTOP)
        try:
            yield
        finally:
            signal_all(everyone, signal.SIGCONT)

    def close(self) -> None:
        self.stop(signal.SIGQUIT)
        self.log.close()
        shutil.rmtree(self.cluster, ignore_errors=True)


def signal_all(processes: list[int], how: signal.Signals) -> None:
    for process in processes:
        try:
            os.kill(process, how)
        except ProcessLookupError:
            pass  # a backend that ended meanwhile


def migrate(url: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
