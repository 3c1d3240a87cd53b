"""A server of ours as its own processes, on a free port and, unless told otherwise, on the database of this test."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

from asgiref.sync import SyncToAsync
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg.conninfo import make_conninfo

from conway.common.database_roles import application

END_SECONDS = 60
SERVE = ("manage.py", "serve", "--port", "0")


@dataclass
class Served:
    process: "subprocess.Popen[str]"
    url: str

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port
        return port

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """The exit status."""
        self.process.send_signal(how)
        return self.process.wait(END_SECONDS)


@contextmanager
def served(
    *command: str,
    log: IO[Any] | None = None,
    folder: Path | None = None,
    within: Sequence[str] = (),
    python: str = sys.executable,
    **environment: str,
) -> Iterator[Served]:
    """Ready when it says its address; ended with the block if not before. What it logs goes to `log`. `folder`: where
    another copy of the code stands. `within`: the command that starts it on another machine (tests/faults/machines.py).
    `python`: the interpreter.
    """
    if "DATABASE_URL" not in environment:
        environment["DATABASE_URL"] = this_database()
    process = subprocess.Popen(
        [*within, python, *(command or SERVE)],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert process.stdout
    try:
        said = next((line.split() for line in process.stdout if line.strip()), None)
        assert said, f"it ended with status {process.wait()} before it was ready"
        yield Served(process, said[-1])
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(END_SECONDS)
        process.stdout.close()


def this_database() -> str:
    """In the application's role, as an operator would serve."""
    return address_of_this_database(application())


def owners_database() -> str:
    """The same in the role that owns it, which may copy and drop databases."""
    return address_of_this_database(None)


def forget_sessions() -> None:
    """Before or after a server ends its sessions: those of this thread, of asgiref's, and the pools begin anew."""
    SyncToAsync.single_thread_executor.submit(lambda: connection.close()).result()
    close_session()


def close_session() -> None:
    """The next statement of this thread opens a session anew."""
    connection.close()
    cast(DatabaseWrapper, connection).close_pool()


def address_of_this_database(role: str | None) -> str:
    params = connection.get_connection_params()
    if role:
        params |= {"user": role}
    wanted = ("host", "port", "user", "password", "dbname")
    return make_conninfo(**{name: params[name] for name in wanted if name in params})
