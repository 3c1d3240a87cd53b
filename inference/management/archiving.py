"""Completions of closed months go to files, a file for each day, and come back from them.

A day is one transaction: its rows are copied to a file, what they come to is written down (ArchivedDay, which a trigger
compares with the rows), and the rows are deleted. Interrupted, it goes on with the next day. The ledger keeps every
transaction, so balances, statements and closes are what they were.
"""

import csv
import gzip
import hashlib
import io
import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from conway.common.clock import midnight
from conway.common.durable import sync_folder
from inference.models import ArchivedDay

DAY = timedelta(days=1)
AT_ONCE = 1 << 16


class Refused(Exception):
    """Says why."""


def days_of(month: date) -> Iterator[date]:
    day = month
    while day.month == month.month:
        yield day
        day += DAY


def file_of(day: date, folder: Path) -> Path:
    return folder / f"completions-{day}.csv.gz"


def archive(day: date, folder: Path) -> int:
    """How many completions went; 0 where the day has none, or went before."""
    window = {"since": midnight(day), "until": midnight(day + DAY)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute(SUMS_OF_DAY_SQL, window)
        names = [column.name for column in cursor.description]
        sums = dict(zip(names, cursor.fetchone(), strict=True))
        if not sums["completions"]:
            return 0
        written(window, file_of(day, folder))
        ArchivedDay.objects.create(day=day, sha256=digest(file_of(day, folder)), **sums)
        cursor.execute(DELETE_DAY_SQL, window)
        if cursor.rowcount != sums["completions"]:
            raise Refused(f"{day}: {sums['completions']} completions were copied and {cursor.rowcount} deleted.")
    return int(sums["completions"])


def restore(day: date, folder: Path) -> int:
    """How many completions came back; 0 where the day is not archived."""
    with transaction.atomic(), connection.cursor() as cursor:
        kept = ArchivedDay.objects.filter(day=day).first()
        if kept is None:
            return 0
        path = file_of(day, folder)
        if digest(path) != kept.sha256:
            raise Refused(f"{path} is not the file that was written: its SHA-256 is another.")
        with gzip.open(path, "rt", newline="") as file:
            columns = next(csv.reader([file.readline()]))
            statement = sql.SQL("COPY inference_completion ({}) FROM STDIN WITH (FORMAT csv)")
            with cursor.copy(statement.format(sql.SQL(", ").join(map(sql.Identifier, columns)))) as rows:
                while piece := file.read(AT_ONCE):
                    rows.write(piece)
        kept.delete()  # a trigger refuses, unless the rows come to what was written down
    return int(kept.completions)


def written(window: dict[str, Any], path: Path) -> None:
    """Whole or not at all: it gets its name when it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        with (
            gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed,  # without name and time: same rows, same file
            io.BufferedWriter(packed, AT_ONCE) as buffered,
            connection.cursor() as cursor,
            cursor.copy(COPY_OUT, window) as rows,
        ):
            for piece in rows:
                buffered.write(piece)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    sync_folder(path.parent)


def digest(path: Path) -> str:
    if not path.exists():
        raise Refused(f"There is no {path}.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


COPY_OUT = """COPY (
  SELECT * FROM inference_completion WHERE created_at >= %(since)s AND created_at < %(until)s ORDER BY created_at, id
) TO STDOUT WITH (FORMAT csv, HEADER)"""

SUMS_OF_DAY_SQL = """
WITH gone AS MATERIALIZED (
  SELECT id, charged_cents, cost_usd FROM inference_completion WHERE created_at >= %(since)s AND created_at < %(until)s
),
booked AS (
  SELECT count(*) AS charges, coalesce(-sum(amount_cents), 0)::bigint AS booked_cents
  FROM gone CROSS JOIN unnest(ARRAY['inference:' || id, 'inference:' || id || '.corrected']) AS of (reference)
  JOIN credits_credittransaction USING (reference)
)
SELECT count(*) AS completions, coalesce(sum(charged_cents), 0)::bigint AS charged_cents,
       coalesce(sum(cost_usd), 0) AS cost_usd, (SELECT charges FROM booked), (SELECT booked_cents FROM booked)
FROM gone"""

DELETE_DAY_SQL = "DELETE FROM inference_completion WHERE created_at >= %(since)s AND created_at < %(until)s"
