"""A PostgreSQL of our own: it runs while any process uses it. Kernel locks, not pid files, tell who lives.

users.lock   shared by every process that uses the database; nobody holds it = nobody does. kill -9 lets go of it too.
server.lock  held by the keeper and inherited by every postgres process; nobody holds it = none is left, whatever
             postmaster.pid says.

The keeper (embedded_keeper.py) makes the cluster, starts postgres, starts it again if it dies, and stops it soon after
its last user has gone. Only the operating system's user who serves may connect, in one of two roles.
"""

import fcntl
import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from conway import private_folders, unprivileged
from conway.unprivileged import EmbeddedPostgresError

GRACE_SECONDS = 5  # commands in a row share one start
START_SECONDS = 60
LONGEST_SOCKET_PATH = 107  # bytes, of sockaddr_un
SOCKET = ".s.PGSQL.5432"
DATABASE = "conway"
OWNER = "conway"  # makes the cluster and its tables: for migrations and tests
APPLICATION = "conway_app"  # for all else: what migrations grant it, and no more


@cache
def ensure_running(home: Path, grace_seconds: int = GRACE_SECONDS) -> Path:
    """The socket folder of a running server. The calling process counts as a user of it until the process ends."""
    home.parent.mkdir(parents=True, exist_ok=True)
    try:
        private_folders.claim(home)
    except private_folders.NotOurs as error:
        raise EmbeddedPostgresError(f"{error}. CONWAY_DATA_DIR names another place for it.") from error
    flock(home / "users.lock", fcntl.LOCK_SH)  # never closed: our end, however it comes, is what lets go of it
    deadline = time.monotonic() + START_SECONDS
    keeper = None
    while not is_ready(home):
        if time.monotonic() > deadline or (keeper and keeper.poll()):
            raise EmbeddedPostgresError(f"The embedded PostgreSQL did not start; {home / 'log'} says why")
        keeper = start_if_dead(home, grace_seconds) or keeper
        time.sleep(0.05)
    return socket_folder(home)


def is_ready(home: Path) -> bool:
    probe = [unprivileged.binary("pg_isready"), "-q", "-h", str(socket_folder(home)), "-U", APPLICATION, "-d", DATABASE]
    return subprocess.run(probe).returncode == 0


def start_if_dead(home: Path, grace_seconds: int) -> "subprocess.Popen[bytes] | None":
    """The keeper, if it was for us to start one."""
    server_lock = flock(home / "server.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    if server_lock is None:
        return None
    with (home / "log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "conway.embedded_keeper", home, str(server_lock), str(grace_seconds)],
            cwd=Path(__file__).parent.parent, pass_fds=[server_lock],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    os.close(server_lock)
    return keeper


def flock(path: Path, how: int) -> int | None:
    """The descriptor that holds the lock, or None if LOCK_NB was asked for and another holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def socket_folder(home: Path) -> Path:
    """The cluster's own folder, or where that path is too long for a socket the one the keeper noted."""
    note = home / "sockets"
    return Path(note.read_text()) if not fits(home / "cluster") and note.exists() else home / "cluster"


def fits(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET_PATH
