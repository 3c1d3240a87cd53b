"""However long a history is: no page reads more rows than it shows, and a few."""

import json
from collections.abc import Iterator
from datetime import date

import pytest
from django.db import connection

from accounts.models import User
from credits import history
from credits.history import Filters
from tests.roles import analyze, begin_anew

ROWS = 30_000
# Every third row is Alice's.
HISTORY = """
INSERT INTO credits_credittransaction
  (account_id, type, amount_cents, balance_after_cents, reference, details, created_at)
SELECT CASE n %% 3 WHEN 0 THEN %(alice)s ELSE %(sam)s END, 'inference', -1, 1, 'inference:' || n,
       '{"model": "gpt-5.2"}'::jsonb, '2031-01-01T00:00Z'::timestamptz + n * interval '15 minutes'
FROM generate_series(1, %(rows)s) n"""

FILTERS = (
    Filters(),
    Filters(model="gpt-5.2"),
    Filters(types=("inference",)),
    Filters(since=date(2031, 1, 5), until=date(2031, 1, 31)),
    Filters(until=date(2031, 1, 20)),
    Filters(model="gpt-5.2", until=date(2031, 1, 20)),
)


@pytest.mark.django_db
def test_a_page_at_any_depth_reads_its_own_rows(alice: User, sam: User) -> None:
    begin_anew("credits_credittransaction")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO credits_creditaccount (user_id) VALUES (%s)", [sam.pk])
        cursor.execute(HISTORY, {"alice": alice.pk, "sam": sam.pk, "rows": ROWS})
    analyze("credits_credittransaction")
    greedy = {(asked, percent): plan for asked, percent, plan in plans(alice) if rows_touched(plan) > 500}
    assert greedy == {}


def plans(user: User) -> Iterator[tuple[Filters, int, dict]]:
    for asked in FILTERS:
        found = history.entries(user.pk, asked)
        for percent in (0, 50, 99):
            cursor = found.values_list("id", flat=True)[found.count() * percent // 100]
            page = found.filter(id__lt=cursor)[:50]
            yield asked, percent, json.loads(page.explain(analyze=True, format="json"))[0]["Plan"]


def rows_touched(plan: dict) -> int:
    own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return max([own, *(rows_touched(inner) for inner in plan.get("Plans", ()))])
