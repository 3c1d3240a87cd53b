"""No page reads much of the two tables that grow with every request, in whichever way it is narrowed. Plans are those
of a small database, but what reads a whole history there does so in one of ten million rows, too.

What is looked for under a time limit (sums under a list, rare rows) is bounded by it, and left out.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts.models import User
from bench import visitor
from bench.every_page import visits
from conway.common import csv_export
from credits import close
from credits.keeping import Keeper
from credits.models import CreditTransaction
from inference import catalog
from inference.reporting import daily_sales

BIG = ("credits_credittransaction", "inference_completion")
TRANSACTIONS, MOST_READ = 4_000, 500  # the longest history has three fifths of them
LEAST = {"customer": 60, "staff": 150}  # pages, and ways to narrow them


@pytest.fixture
def filled(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a serving process keeps it."""
    monkeypatch.setattr(csv_export, "ROWS_AT_ONCE", 100)
    catalog.forget()
    call_command("fill_books", accounts=60, transactions=TRANSACTIONS, days=100, busiest=60)
    keeper = Keeper()
    while keeper.step():
        pass
    for look in (daily_sales.look, close.look):
        look()


class Reading:
    """Counts the rows that plans read of the big tables."""

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.is_limited = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "SET LOCAL statement_timeout" in sql:
            self.is_limited = "DEFAULT" not in sql
        is_read = sql.lstrip().startswith(("SELECT", "WITH")) and any(table in sql for table in BIG)
        if is_read and not self.is_limited:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params)
                (plan,) = cursor.fetchone()
            read = rows_read((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
            self.rows[sql] = max(self.rows[sql], read)
        return execute(sql, params, many, context)


def rows_read(node: dict[str, Any]) -> int:
    here = 0
    if node.get("Relation Name") in BIG:
        removed = sum(number for name, number in node.items() if name.startswith("Rows Removed by"))
        here = round((node["Actual Rows"] + removed) * node["Actual Loops"])
    return here + sum(map(rows_read, node.get("Plans", ())))


@contextmanager
def reading() -> Iterator[Reading]:
    with connection.execute_wrapper(found := Reading()):
        yield found


def greedy(client: Client, user: int, *, staff: bool) -> dict[str, tuple[int, str]]:
    """Addresses that read more, with how many rows, and the statement that reads most of them."""
    found, seen = {}, 0
    for path in visits(lambda path: visitor.html(client, path), visitor.known_of(user), staff=staff, thorough=False):
        with reading() as read:
            seen += visitor.get(client, path).status_code == 200
        if read.rows.total() > MOST_READ:
            found[path] = (read.rows.total(), read.rows.most_common(1)[0][0])
    assert seen >= LEAST["staff" if staff else "customer"], seen
    return found


def test_what_is_read_is_counted(alice: User) -> None:
    with reading() as read:
        list(CreditTransaction.objects.filter(description="what no index has"))
        list(User.objects.filter(name="nobody's"))
    assert read.rows.total() == CreditTransaction.objects.count() > 0


def test_no_page_reads_a_long_history(filled: None, settings: Any) -> None:
    """In one test, for filling takes as long as looking."""
    settings.CONWAY_STAFF_SECOND_FACTOR = False
    owner, staff = User.objects.get(pk=visitor.BUSIEST), User.objects.create_superuser("measuring@example.org")
    found = greedy(visitor.signed_in(owner), owner.pk, staff=False)
    assert found | greedy(visitor.signed_in(staff), owner.pk, staff=True) == {}
