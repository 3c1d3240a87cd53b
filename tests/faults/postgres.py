"""A PostgreSQL server that belongs to the faults alone: it may be stopped, killed, restarted and silenced.

It listens on a port of this machine, so that a proxy can stand before it: both roles have a password.
"""

import os
import secrets
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

from conway import embedded, embedded_keeper, unprivileged
from conway.unprivileged import Handed
from tests.faults.machines import HERE, Machine

TEMPLATE = "migrated"
START_SECONDS = 30


class Postgres:
    def __init__(self, folder: Path, *, migrated: bool = True, machine: Machine = HERE) -> None:
        self.machine, self.cluster, self.port = machine, folder / "cluster", free_port()
        self.programs, self.access, self.password = folder / "programs", folder / "access", secrets.token_hex(16)
        embedded_keeper.initialize(self.cluster, self.programs)
        for role in (embedded.OWNER, embedded.APPLICATION):
            passworded = f"ALTER ROLE {role} PASSWORD '{self.password}'\n"
            embedded_keeper.run_alone(self.cluster, self.programs, passworded)
        self.access.mkdir(mode=0o755)
        lines = (f"host {to} all {machine.network} scram-sha-256\n" for to in ("all", "replication"))
        (self.access / "pg_hba.conf").write_text("".join(lines))
        self.log = (folder / "log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None
        self.start()
        if migrated:
            self.migrate_template()

    def migrate_template(self) -> None:
        self.run(f"CREATE DATABASE {TEMPLATE}")
        migrate(self.url(TEMPLATE), self.url(TEMPLATE, embedded.OWNER))

    def copy_template(self, of: "Postgres") -> None:
        """Quicker than to migrate once more."""
        self.run(f"CREATE DATABASE {TEMPLATE}")
        dump = [unprivileged.binary("pg_dump"), "-d", of.url(TEMPLATE, embedded.OWNER)]
        restore = [unprivileged.binary("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-d", self.url(TEMPLATE, embedded.OWNER)]
        said = subprocess.run(dump, capture_output=True, check=True).stdout
        subprocess.run(restore, input=said, stdout=subprocess.DEVNULL, check=True)

    def url(self, name: str, role: str = embedded.APPLICATION) -> str:
        return f"postgresql://{role}:{self.password}@{self.machine.address}:{self.port}/{name}"

    def new_database(self, name: str) -> str:
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self.url(name)

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.url("postgres", embedded.OWNER), autocommit=True) as connected:
            for statement in statements:
                connected.execute(statement)

    def start(self) -> None:
        # Processes die here, the machine does not: what was written is there again without waiting for the disk.
        options = ["-h", self.machine.address, "-p", str(self.port), "-c", "fsync=off"]
        postgres = [
            *self.machine.within,
            *unprivileged.prefix(),
            str(unprivileged.binaries(self.programs) / "postgres"),
        ]
        with Handed() as handed:
            access = f"hba_file={handed.over(self.access)}/pg_hba.conf"
            folders = ["-D", handed.over(self.cluster), "-k", "", "-c", access]
            self.process = subprocess.Popen(
                [*postgres, *folders, *options], pass_fds=handed.descriptors, cwd="/",
                stdout=self.log, stderr=self.log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)

    def answers(self) -> bool:
        asked = [unprivileged.binary("pg_isready"), "-q", "-h", self.machine.address, "-p", str(self.port)]
        return subprocess.run(asked).returncode == 0

    def standby(self, folder: Path, machine: Machine) -> "Postgres":
        """A server that follows this one, on another machine; this one commits nothing that it has not."""
        copy = Postgres.__new__(Postgres)
        own = {"machine": machine, "cluster": folder / "cluster", "port": free_port(), "programs": folder / "programs"}
        copy.__dict__ |= {**self.__dict__, **own, "log": (folder / "log").open("ab"), "process": None}
        command = [unprivileged.binary("pg_basebackup"), "-D", str(copy.cluster), "-R", "-X", "stream", "-c", "fast"]
        subprocess.run([*command, "-d", self.url("postgres", embedded.OWNER)], check=True)
        if os.geteuid() == 0:
            for path in (copy.cluster, *copy.cluster.rglob("*")):
                os.chown(path, unprivileged.NOBODY, unprivileged.NOBODY, follow_symlinks=False)
        copy.start()
        self.run("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        return copy

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
    def read_only(self, name: str) -> Iterator[None]:
        """What managed PostgreSQL does when a disk is nearly full. Sessions of the spell stay read-only after it."""
        own = f"SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = '{name}'"
        self.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on", own)
        try:
            yield
        finally:
            self.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")

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
        unprivileged.forget_copy(self.programs)


def signal_all(processes: list[int], how: signal.Signals) -> None:
    for process in processes:
        try:
            os.kill(process, how)
        except ProcessLookupError:
            pass  # a backend that ended meanwhile


def migrate(url: str, owner: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    named = {"DATABASE_URL": url, "CONWAY_MIGRATION_DATABASE_URL": owner}
    subprocess.run(command, env={**os.environ, **named}, check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
