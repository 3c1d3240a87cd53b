"""Into the database by COPY. Indexes and foreign keys of the two big tables are taken off and built when all is there:
ten times as fast, and the same in the end.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection

BIG = ("credits_credittransaction", "inference_completion")


def copy(table: str, columns: Iterable[str], lines: Iterable[str]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as into:
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
        yield
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
