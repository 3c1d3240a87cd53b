import csv
import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client

from accounts.models import User
from conway.common import csv_export
from credits import ledger
from credits.models import CreditAccount, CreditTransaction
from credits.pages import history
from tests.pages.conftest import Visit

FILTERS = [
    "",
    "type=inference",
    "type=refund",
    "type=given_back",
    "type=spent",
    "model=gpt-5.2",
    "model=gpt-5.2&type=inference",
    "since=2026-01-01",
    "until=2020-01-01",
]


def net(page: Any) -> int:
    return int(re.search(r'id="net" data-cents="(-?\d+)"', page.content.decode())[1])


def rows(answer: Any) -> list[dict[str, str]]:
    async def whole() -> bytes:
        return b"".join([piece async for piece in answer])

    return list(csv.DictReader(io.StringIO(async_to_sync(whole)().decode())))


def ids(page: Any) -> list[int]:
    return [entry.pk for entry in page.context["entries"]]


@pytest.mark.parametrize("query", FILTERS)
def test_what_the_page_says_is_what_the_csv_has_is_what_the_ledger_holds(ada: User, visit: Visit, query: str) -> None:
    page, lines = visit(ada).get(f"/credits/history?{query}"), rows(visit(ada).get(f"/credits/history.csv?{query}"))
    found = CreditTransaction.objects.filter(pk__in=[row["id"] for row in lines], account=ada.pk)
    amounts = list(found.values_list("amount_cents", flat=True))
    assert net(page) == sum(int(row["amount_cents"]) for row in lines) == sum(amounts)
    assert page.context["figures"].rows == len(lines) == len(amounts)


def test_all_of_it_is_the_balance(ada: User, visit: Visit) -> None:
    assert net(visit(ada).get("/credits/history")) == CreditAccount.objects.get(pk=ada.pk).balance_cents


def test_pages_follow_one_another_back_and_forth(ada: User, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "ROWS", 20)
    browser = visit(ada)
    first = browser.get("/credits/history")
    second = browser.get(f"/credits/history?before={first.context['older']}")
    third = browser.get(f"/credits/history?before={second.context['older']}")
    again = browser.get(f"/credits/history?after={third.context['newer']}")
    assert ids(first) + ids(second) == list(CreditTransaction.objects.order_by("-pk").values_list("pk", flat=True)[:40])
    assert ids(again) == ids(second) and ids(browser.get(f"/credits/history?after={again.context['newer']}")) == ids(
        first
    )


def test_the_last_page_leads_no_further(ada: User, visit: Visit) -> None:
    oldest = CreditTransaction.objects.earliest("pk").pk
    page = visit(ada).get(f"/credits/history?before={oldest + 1}")
    assert ids(page) == [oldest] and page.context["older"] is None


@pytest.mark.parametrize(
    "query",
    [
        "before=x",
        "before=-1",
        "before=99999999999999999999999",
        "after=²",
        "key=1",
        "model=nonsense",
        "since=yesterday",
        "receipt=%00",
    ],
)
def test_nonsense_is_answered_by_a_page(hers: Client, query: str) -> None:
    assert hers.get(f"/credits/history?{query}").status_code == 200
    assert hers.get(f"/credits/history.csv?{query}").status_code in (200, 400)


def test_a_day_is_a_day_in_utc(hers: Client, alice: User) -> None:
    balance = CreditAccount.objects.get(pk=alice.pk).balance_cents
    moments = [datetime(2027, 3, 1, 23, 59, 59, 999999, tzinfo=UTC), datetime(2027, 3, 2, 0, 0, tzinfo=UTC)]
    with connection.cursor() as cursor:
        for place, moment in enumerate(moments, 1):
            cursor.execute(
                "INSERT INTO credits_credittransaction"
                " (account_id, type, amount_cents, balance_after_cents, reference, created_at)"
                " VALUES (%s, 'top_up', 1, %s, %s, %s)",
                [alice.pk, balance + place, f"top_up:moment-{place}", moment],
            )
    for place, day in enumerate(("2027-03-01", "2027-03-02"), 1):
        page = hers.get(f"/credits/history?since={day}&until={day}")
        assert [entry.reference for entry in page.context["entries"]] == [f"top_up:moment-{place}"]


def test_a_receipt_id_finds_its_charge_and_refund(ada: User, visit: Visit, receipt: str) -> None:
    page = visit(ada).get(f"/credits/history?receipt={receipt}")
    assert {entry.type for entry in page.context["entries"]} == {"inference", "refund"}


def test_the_csv_comes_in_pieces_and_whole(ada: User, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_export, "ROWS_AT_ONCE", 7)
    lines = rows(visit(ada).get("/credits/history.csv"))
    assert [int(row["id"]) for row in lines] == list(
        CreditTransaction.objects.order_by("-pk").values_list("pk", flat=True)
    )


def test_a_spreadsheet_runs_nothing(hers: Client, alice: User, sam: User) -> None:
    ledger.top_up(user=alice, cents=5, reference="formula", reason='=HYPERLINK("http://evil")', by=sam, payment="INV-7")
    newest = rows(hers.get("/credits/history.csv"))[0]
    assert newest["reason"] == '\'=HYPERLINK("http://evil")' and newest["amount_cents"] == "5"


def test_a_reason_is_text_and_no_markup(hers: Client, alice: User, sam: User) -> None:
    ledger.top_up(user=alice, cents=5, reference="script", reason="<script>alert(1)</script>", by=sam, payment="INV-7")
    assert "<script>alert" not in hers.get("/credits/history").content.decode()
