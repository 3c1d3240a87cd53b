"""From the embedded database to a server of one's own, by one command: all of it, or nothing."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from conway import embedded, unprivileged
from tests.faults.postgres import Postgres

BINARIES = Path(unprivileged.binary("pg_dump"))
TARGET = "moved"
COUNTS = (
    "SELECT (SELECT count(*) FROM credits_credittransaction), (SELECT sum(balance_cents) FROM credits_creditaccount)"
)
# Keeps the embedded server running, and lets go of it with us.
HOLD = """
import sys
from pathlib import Path
from conway import embedded
print(embedded.ensure_running(Path(sys.argv[1]), 0), flush=True)
sys.stdin.read()
"""

pytestmark = [
    pytest.mark.skipif(not BINARIES.exists(), reason="pg_dump is not among the binaries"),
    pytest.mark.timeout(600),
]

Manage = Callable[..., "subprocess.CompletedProcess[str]"]


def manage_in(folder: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "CONWAY_DATA_DIR": str(folder), "DATABASE_URL": "embedded", **more}
    return subprocess.run([sys.executable, "manage.py", *arguments], env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def manage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manage]:
    """On an embedded database with a small month in it."""
    folder = tmp_path_factory.mktemp("embedded")

    def manage(*arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return manage_in(folder, *arguments, **more)

    for command in (
        ("migrate", "--verbosity", "0"),
        ("fill_books", "--accounts", "5", "--transactions", "300", "--days", "3"),
    ):
        done = manage(*command)
        assert done.returncode == 0, done.stderr
    holding = [sys.executable, "-c", HOLD, str(folder / "postgresql")]
    with subprocess.Popen(holding, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout and holder.stdin
        manage.sockets = Path(holder.stdout.readline().strip())  # type: ignore[attr-defined]
        yield manage
        holder.stdin.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("postgres"), migrated=False)
    yield server
    server.close()


@pytest.fixture
def target(server: Postgres) -> str:
    server.run(f"DROP DATABASE IF EXISTS {TARGET} WITH (FORCE)", f"CREATE DATABASE {TARGET}")
    return server.url(TARGET, embedded.OWNER)


def old(manage: Manage, role: str = embedded.OWNER) -> "psycopg.Connection[tuple[int, ...]]":
    sockets: Path = manage.sockets  # type: ignore[attr-defined]
    return psycopg.connect(host=str(sockets), user=role, dbname=embedded.DATABASE)


def moves_nothing(manage: Manage, target: str, said: str) -> None:
    done = manage("move_database", target)
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr
    with old(manage) as connected:
        assert connected.execute("SHOW default_transaction_read_only").fetchone() == ("off",)


def test_it_refuses_while_somebody_works_on_the_old_one(manage: Manage, target: str) -> None:
    with old(manage, embedded.APPLICATION):
        moves_nothing(manage, target, "The old database is in use (1 sessions)")
    with psycopg.connect(target) as new:
        assert new.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_it_refuses_a_database_that_has_tables(manage: Manage, target: str) -> None:
    with psycopg.connect(target) as new:
        new.execute("CREATE TABLE somebodys (id int)")
    moves_nothing(manage, target, "The new database has tables")


@pytest.mark.parametrize("wrong", ["postgresql://x:secret@127.0.0.1:1/y", "this is no=address secret"])
def test_an_address_that_leads_nowhere_is_a_sentence_without_its_password(manage: Manage, wrong: str) -> None:
    done = manage("move_database", wrong)
    assert done.returncode == 1 and "The new database" in done.stderr
    assert "Traceback" not in done.stderr and "secret" not in done.stderr


def test_what_cannot_be_restored_leaves_both_as_they_were(manage: Manage, target: str) -> None:
    with psycopg.connect(target) as new:
        new.execute("CREATE TYPE credits_credittransaction AS ENUM ()")  # a name the dump needs
    moves_nothing(manage, target, "It was not copied")
    with psycopg.connect(target) as new:
        assert new.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_it_moves_everything_and_the_old_one_takes_no_more_writes(
    manage: Manage, server: Postgres, target: str
) -> None:
    with old(manage) as connected:
        before = connected.execute(COUNTS).fetchone()
    done = manage("move_database", target)
    assert done.returncode == 0, done.stderr
    assert "its books balance" in done.stdout
    with psycopg.connect(target) as new:
        assert new.execute(COUNTS).fetchone() == before and before and before[0] == 300
        assert new.execute("SELECT count(*) FROM credits_auditrun").fetchone() == (1,)
    with old(manage) as connected, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connected.execute("UPDATE credits_creditaccount SET balance_cents = 0")
    again = manage("move_database", target)
    assert again.returncode == 1 and "moved before" in again.stderr
    named = {"DATABASE_URL": server.url(TARGET), "CONWAY_MIGRATION_DATABASE_URL": target}
    assert manage("grant_roles", **named).returncode == 0
    assert "The books balance." in manage("audit_ledger", **named).stdout
