"""Into the database by COPY. Indexes and foreign keys of the two big tables are taken off and built when all is there:
ten times as fast, and the same in the end. The trigger that forgets an account's kept sums at every row of the past has
nothing to forget in an empty database, and waits until all is there, too.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection

BIG = ("credits_credittransaction", "inference_completion")
FORGETS_SUMS = "sums_are_of_what_is_booked"


def copy(table: str, columns: Iterable[str], lines: Iterable[str]) -> None:
    with connection.cursor() as cursor, cursor.copy(copy_sql(table, columns)) as into:
        into.write("".join(lines))


def copy_sql(table: str, columns: Iterable[str]) -> str:
    return f"COPY {table} ({', '.join(columns)}) FROM STDIN"


class Copying:
    """Copies one chunk while the next is made. An error of the database is raised at the next chunk, or at the end."""

    def __init__(self) -> None:
        connection.ensure_connection()
        self.raw = connection.connection
        self.thread = ThreadPoolExecutor(1)
        self.last: Future[None] | None = None

    def __enter__(self) -> "Copying":
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.shutdown()
        self.wait()

    def wait(self) -> None:
        if self.last:
            self.last.result()

    def add(self, chunk: Iterable[tuple[str, Iterable[str], Iterable[str]]]) -> None:
        self.wait()
        self.last = self.thread.submit(self.write, list(chunk))

    def write(self, chunk: Iterable[tuple[str, Iterable[str], Iterable[str]]]) -> None:
        for table, columns, lines in chunk:
            with self.raw.cursor() as cursor, cursor.copy(copy_sql(table, columns)) as into:
                into.write("".join(lines))


@contextmanager
def without_indexes() -> Iterator[None]:
    """Inside a transaction. CHECK constraints stay, and look at every row."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute(CONSTRAINTS_SQL, {"big": list(BIG)})
        constraints = sorted(cursor.fetchall(), key=lambda row: row[2].startswith("FOREIGN"))  # what they need is first
        cursor.execute(INDEXES_SQL, [list(BIG)])
        indexes = cursor.fetchall()
        for table, name, _ in reversed(constraints):
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute(f"ALTER TABLE {BIG[0]} DISABLE TRIGGER {FORGETS_SUMS}")
        yield
        cursor.execute(f"ALTER TABLE {BIG[0]} ENABLE TRIGGER {FORGETS_SUMS}")
        for table, name, definition in constraints:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        for _, definition in indexes:
            cursor.execute(definition)


CONSTRAINTS_SQL = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint
WHERE conrelid::regclass::text = ANY (%(big)s) AND contype IN ('p', 'u', 'f')
   OR confrelid::regclass::text = ANY (%(big)s)"""

INDEXES_SQL = """
SELECT relname, pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indrelid::regclass::text = ANY (%s) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"""
