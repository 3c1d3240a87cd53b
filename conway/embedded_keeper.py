"""The embedded PostgreSQL's keeper, a program: `python -m conway.embedded_keeper HOME SERVER_LOCK GRACE_SECONDS`.

In the home, which is ours alone: `cluster`, the server's own folder; `access`, who may connect: the server reads it and
cannot change it; `sockets` and `programs`, the names of what had to be put into the temporary folder.
"""

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from conway import private_folders, unprivileged
from conway.embedded import APPLICATION, DATABASE, OWNER, SOCKET, fits, flock
from conway.unprivileged import Handed

DEATHS = 5  # in a row; a killed postmaster's children may keep the next one from starting for a moment
OPTIONS = ("max_connections=300", "log_checkpoints=off")  # a worker may take 20; the log is kept for ever

APPLICATION_ROLE = (
    f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION}')"
    f" THEN CREATE ROLE {APPLICATION} LOGIN; END IF; END $$\n"
)
HBA = f"local all {OWNER},{APPLICATION} peer map=conway\n"  # whom no line names is refused


def keep(home: Path, server_lock: int, grace_seconds: int) -> None:
    cluster, programs = home / "cluster", home / "programs"
    if not cluster.exists():
        initialize(cluster, programs)
    private_folders.claim(cluster, owner=unprivileged.user_id())
    sockets = claim_sockets(home)
    admit_ourselves(home)
    postgres = start(home, sockets, server_lock)
    deaths = 0
    while (last := flock(home / "users.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)) is None:
        try:
            postgres.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            deaths = 0
            continue
        deaths += 1
        if deaths > DEATHS:
            sys.exit("postgres keeps dying: given up")
        time.sleep(1)
        postgres = start(home, sockets, server_lock)  # somebody still uses it
    postgres.send_signal(signal.SIGINT)  # "fast": it does not wait for idle connections
    postgres.wait()
    if sockets != cluster:
        shutil.rmtree(sockets, ignore_errors=True)  # its name is noted: the next keeper makes it again, or another
    unprivileged.forget_copy(programs)
    os.close(last)


def initialize(cluster: Path, programs: Path) -> None:
    """A cluster with our database in it. It gets its name when it is whole, so a kill leaves none half made."""
    unfinished = cluster.with_name("cluster.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    private_folders.claim(unfinished, owner=unprivileged.user_id())
    making = ("-U", OWNER, "--auth=reject", "--no-locale", "--encoding=UTF8")
    run(programs, "initdb", unfinished, *making)
    run_alone(unfinished, programs, f"CREATE DATABASE {DATABASE}\n" + APPLICATION_ROLE)
    unfinished.rename(cluster)


def admit_ourselves(home: Path) -> None:
    """Peer authentication, for the user we are. A cluster of the time when everybody was trusted lacks a role, too."""
    access = home / "access"
    if not access.exists():
        (home / "cluster/postmaster.pid").unlink(missing_ok=True)  # as in start()
        run_alone(home / "cluster", home / "programs", APPLICATION_ROLE)
        access.mkdir(mode=0o755)
    us = pwd.getpwuid(os.geteuid()).pw_name
    rows = (f'conway "{us}" {role}\n' for role in (OWNER, APPLICATION))
    for name, text in (("pg_hba.conf", HBA), ("pg_ident.conf", "".join(rows))):
        (access / name).write_text(text)
        (access / name).chmod(0o644)
    access.chmod(0o755)  # whatever the umask: nobody reads it, through a descriptor


def claim_sockets(home: Path) -> Path:
    """The cluster's folder. Where its path is too long, one in the temporary folder that nobody can make beforehand."""
    if fits(home / "cluster"):
        return home / "cluster"
    note = home / "sockets"
    try:
        private_folders.claim(folder := Path(note.read_text()), owner=unprivileged.user_id())
    except OSError:  # none noted, or another user's by now
        folder = Path(tempfile.mkdtemp(prefix="conway-"))
        private_folders.claim(folder, owner=unprivileged.user_id())
        note.write_text(str(folder))
    return folder


def start(home: Path, sockets: Path, server_lock: int) -> subprocess.Popen[bytes]:
    for stale in (home / "cluster/postmaster.pid", sockets / SOCKET, sockets / f"{SOCKET}.lock"):
        stale.unlink(missing_ok=True)  # server.lock is ours, so no postgres is left that could own them
    postgres = str(unprivileged.binaries(home / "programs") / "postgres")
    with Handed() as handed:
        access = handed.over(home / "access")
        files = (f"hba_file={access}/pg_hba.conf", f"ident_file={access}/pg_ident.conf")
        arguments = ["-D", handed.over(home / "cluster"), "-k", handed.over(sockets), "-h", ""]
        options = [f"--{option}" for option in (*OPTIONS, *files)]
        command = [*unprivileged.prefix(), postgres, *arguments, *options]
        return subprocess.Popen(command, pass_fds=[server_lock, *handed.descriptors], cwd="/")


def run_alone(cluster: Path, programs: Path, statements: str) -> None:
    """Statements, a line each, while no server runs: nobody is asked who they are."""
    run(programs, "postgres", cluster, "postgres", mode=("--single",), stdin=statements)


def run(programs: Path, name: str, cluster: Path, *arguments: str, mode: Sequence[str] = (), stdin: str = "") -> None:
    with Handed() as handed:
        program = [*unprivileged.prefix(), str(unprivileged.binaries(programs) / name), *mode]
        command = [*program, "-D", handed.over(cluster), *arguments]
        subprocess.run(command, input=stdin.encode(), check=True, pass_fds=handed.descriptors, cwd="/")


if __name__ == "__main__":
    keep(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
