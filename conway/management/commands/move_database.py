"""The command copies the embedded database into one of one's own by PostgreSQL's programs, then compares and audits it.

The old database takes no writes from before the dump begins, so nothing that is booked meanwhile is lost: a server that
is started on it says 503. It stays so where the move succeeds, and is as before where it fails.
"""

import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from conway import unprivileged
from conway.common import database_roles

Session = psycopg.Connection[tuple[Any, ...]]
ADDRESSES = ("DATABASE_URL", "CONWAY_MIGRATION_DATABASE_URL")
DUMPED = ("--format=custom",)
RESTORED = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")


class Command(BaseCommand):
    help = "Moves the database into an empty one of PostgreSQL 18 or newer. No server may run meanwhile."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "target",
            help="the new database, in the role that shall own its tables: postgresql://conway@db/conway. Its password "
            "is better in PGPASSWORD or ~/.pgpass: other users of this machine can read arguments",
        )

    def handle(self, *args: Any, target: str, **options: Any) -> None:
        old_address = present()
        with session(old_address, "The old database") as old, session(target, "The new database") as new:
            refuse_unless_fit(old, new)
            with without_writes(old):
                copy(old_address, target)
                rows = same_counts(old, new)
                audit(target)
        self.stdout.write(
            f"{rows:,} rows are in the new database, the same as in the old one, and its books balance.\n"
            "The old one takes no more writes. Now set DATABASE_URL and CONWAY_MIGRATION_DATABASE_URL, run "
            "`manage.py grant_roles`, and start the server: what waits in its spool is booked in the new one."
        )


def present() -> str:
    """The address of the database that this process works on, in its owner's role."""
    with database_roles.as_owner():
        parameters = connection.get_connection_params()
    return address_of({name: value for name, value in parameters.items() if isinstance(value, str | int)})


def address_of(parts: Mapping[str, Any]) -> str:
    return make_conninfo("", **parts)


@contextmanager
def session(address: str, whose: str) -> Iterator[Session]:
    try:
        connected = psycopg.connect(address, autocommit=True)
    except psycopg.ProgrammingError:  # what it says would show what it read, a password too
        raise CommandError(f"{whose}: the address looks like postgresql://USER@HOST:5432/NAME") from None
    except psycopg.OperationalError as error:
        raise CommandError(f"{whose} cannot be reached: {error}") from error
    with connected:
        yield connected


def refuse_unless_fit(old: Session, new: Session) -> None:
    if value(old, "SHOW default_transaction_read_only") == "on":
        raise CommandError(
            f"The old database takes no writes: it was moved before, or a move was killed. If nothing works on another "
            f"one, ALTER DATABASE {old.info.dbname} RESET default_transaction_read_only."
        )
    if new.execute(TABLES_SQL).fetchone():
        raise CommandError("The new database has tables. Only an empty one is moved into.")
    if new.info.server_version // 10000 < old.info.server_version // 10000:
        raise CommandError(f"The new database's PostgreSQL is older than {old.info.server_version // 10000}.")


@contextmanager
def without_writes(old: Session) -> Iterator[None]:
    """Sessions that begin from now on read only; if there are others, somebody works on it."""
    name = sql.Identifier(old.info.dbname)
    old.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    try:
        if others := value(old, OTHERS_SQL):
            raise CommandError(
                f"The old database is in use ({others} sessions). Stop the server and every command, then try again."
            )
        yield
    except BaseException:
        old.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
        raise


def value(database: Session, statement: str) -> Any:
    row = database.execute(statement.encode()).fetchone()
    return row and row[0]


def copy(source: str, target: str) -> None:
    with (
        subprocess.Popen(
            [*program("pg_dump", source), *DUMPED],
            env=secrets_of(source),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as dumping,
        subprocess.Popen(
            [*program("pg_restore", target), *RESTORED],
            env=secrets_of(target),
            stdin=dumping.stdout,
            stderr=subprocess.PIPE,
        ) as restoring,
    ):
        assert dumping.stdout and dumping.stderr
        dumping.stdout.close()  # the restore's alone: a dump that nobody reads any more ends, and fills no memory
        _, restore_errors = restoring.communicate()
        dump_errors = dumping.stderr.read()
    if dumping.returncode or restoring.returncode:
        errors = (restore_errors + dump_errors).decode(errors="replace").strip()
        raise CommandError(f"It was not copied, and the old database is as it was:\n{errors}")


def program(name: str, address: str) -> list[str]:
    parts = conninfo_to_dict(address)
    parts.pop("password", None)
    return [unprivileged.binary(name), "--no-password", "--dbname", address_of(parts)]


def secrets_of(address: str) -> dict[str, str]:
    """A program's arguments can be read by everybody on the machine, its environment by its own user."""
    password = conninfo_to_dict(address).get("password")
    return {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}


def same_counts(old: Session, new: Session) -> int:
    """Raises where the two differ. Returns the rows of all tables."""
    before, after = counted(old), counted(new)
    wrong = [
        f"{name}: {before.get(name)} and {after.get(name)}"
        for name in sorted(before | after)
        if before.get(name) != after.get(name)
    ]
    if wrong:
        raise CommandError("The databases differ; work on with the old one.\n" + "\n".join(wrong))
    return sum(count for (kind, _), count in before.items() if kind == "rows of" and count)


def counted(database: Session) -> dict[tuple[str, str], int | None]:
    """Rows of each table, and how far each sequence is."""
    count = sql.SQL("SELECT count(*) FROM {}")
    rows = {
        ("rows of", name): database.execute(count.format(sql.Identifier(name))).fetchone()[0]  # type: ignore[index]  # one row
        for (name,) in database.execute(TABLES_SQL).fetchall()
    }
    return rows | {("sequence", name): last for name, last in database.execute(SEQUENCES_SQL).fetchall()}


def audit(target: str) -> None:
    """Audits the new database, in a process of its own: this one works on the old one."""
    inherited = {name: setting for name, setting in os.environ.items() if name.removesuffix("_FILE") not in ADDRESSES}
    done = subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "audit_ledger"],
        env={**inherited, "DATABASE_URL": target},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CommandError(f"The new database's books are off; work on with the old one.\n{done.stdout}{done.stderr}")


OTHERS_SQL = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND usesysid IS NOT NULL"  # PostgreSQL's own workers have none; what kind a session is, only some roles may see
)

TABLES_SQL = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"

SEQUENCES_SQL = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
