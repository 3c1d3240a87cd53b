"""A seeded month: each number on each page is what SQL says of the rows."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from credits import statements
from tests.month.numbers import (
    CHARGED,
    DETAILS,
    GIVEN_BACK,
    IN_MARCH,
    Visit,
    balance,
    cents,
    figures,
    rows_of,
    shown,
    sql,
    whole,
)
from tests.month.seeded import MARCH, Seeded
from tests.roles import as_owner


def test_a_statement_says_what_the_rows_do(month: Seeded, visit: Visit) -> None:
    page = visit(month.paul).get("/credits/statements/2026-3").content.decode()
    where = f"account_id = {month.paul.pk} AND {IN_MARCH}"
    figures(page, where)
    assert shown(page, "opening") == balance(month.paul, "2026-03-01 00:00Z")
    assert shown(page, "closing") == balance(month.paul, "2026-04-01 00:00Z")
    for what, heading in (("model", "by-model"), ("key", "by-key")):
        asked = f"""
            SELECT {DETAILS[what]}, coalesce({CHARGED}, 0), coalesce({GIVEN_BACK}, 0) FROM credits_credittransaction
            WHERE type IN ('inference', 'refund', 'write_off') AND {where} GROUP BY 1"""
        expected = {(charged, back) for _, charged, back in sql(asked)}
        told = rows_of(page, heading)
        assert {(charged, back) for charged, back, _ in told.values()} == expected and len(told) == len(expected)
        assert all(spent == charged - back for charged, back, spent in told.values())
    assert "INV-2" in page and "INV-1" not in page and "Counted twice" in page and "INTERNAL" not in page


def test_months_follow_one_another_to_the_balance(month: Seeded, visit: Visit) -> None:
    page = visit(month.paul).get("/credits/statements").content.decode()
    lines = {
        found: [int(n) for n in re.findall(r'data-cents="(-?\d+)"', rest)]
        for found, rest in re.findall(r'<tr data-month="([\d-]+)">(.*?)</tr>', page, re.S)
    }
    assert list(lines)[-3:] == ["2026-04", "2026-03", "2026-02"]
    for name, (opening, topped_up, adjusted, charged, given_back, closing) in lines.items():
        where = f"account_id = {month.paul.pk} AND to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM') = '{name}'"
        assert opening == balance(month.paul, f"{name}-01 00:00Z")
        assert [topped_up, adjusted, charged] == [
            cents("top_up", where),
            cents("adjustment", where),
            cents("inference", where, -1),
        ]
        assert given_back == cents("refund", where) + cents("write_off", where)
        assert closing == opening + topped_up + adjusted - charged + given_back
    assert next(iter(lines.values()))[-1] == balance(month.paul, "2999-01-01")


def test_the_csv_adds_up_from_opening_to_closing(month: Seeded, visit: Visit) -> None:
    answer = visit(month.paul).get("/credits/statements/2026-3.csv")
    assert (
        "paul-at-example-org" in answer["content-disposition"]
        and "2026-03-01-to-2026-03-31" in answer["content-disposition"]
    )
    rows = whole(answer)
    parts = [(row["part"], int(row["amount_cents"])) for row in rows]
    closing = next(cents for part, cents in parts if part == "closing balance")
    moves = [cents for part, cents in parts if part not in ("closing balance", "of these by key")]
    assert sum(moves) == closing == balance(month.paul, "2026-04-01 00:00Z")
    by_model, by_key = (
        sum(cents for part, cents in parts if part == name) for name in ("charges by model", "of these by key")
    )
    assert by_model == by_key == cents("inference", f"account_id = {month.paul.pk} AND {IN_MARCH}")


def test_a_clock_that_was_set_back_spoils_no_statement(month: Seeded) -> None:
    """Two rows over midnight whose times are the wrong way round: what is between the borders' ids counts."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE credits_credittransaction DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE credits_credittransaction SET created_at = '2026-04-01 00:00:00.5Z'"
            " WHERE reference LIKE 'adjustment:%%'"
        )
        cursor.execute("ALTER TABLE credits_credittransaction ENABLE TRIGGER USER")
    found = statements.statement(month.paul.pk, MARCH.date())
    assert found and found.opening.balance + found.figures.net == found.closing.balance


@pytest.mark.parametrize("address", ["2026-01", "2026-13", "1999-12", "3000-01", "2027-12"])
def test_a_month_that_is_none_has_no_statement(month: Seeded, visit: Visit, address: str) -> None:
    assert visit(month.paul).get(f"/credits/statements/{address}").status_code == 404


def test_issuer_and_customer_stand_on_it(month: Seeded, visit: Visit, settings: Any) -> None:
    settings.CONWAY_ISSUER_NAME, settings.CONWAY_ISSUER_ADDRESS, settings.CONWAY_ISSUER_TAX_ID = (
        "Conway Ltd",
        ["Road 1", "Town"],
        "DE1",
    )
    browser = visit(month.paul)
    browser.post(
        "/credits/billing-details", {"name": "Paul & Sons", "address": "Lane 2\n<b>Village</b>", "tax_id": "FR2"}
    )
    page = browser.get("/credits/statements/2026-3").content.decode()
    for told in (
        "Conway Ltd",
        "Road 1<br>Town",
        "Tax number DE1",
        "Paul &amp; Sons",
        "&lt;b&gt;Village",
        "Tax number FR2",
        f"2026-03-{month.paul.pk:06}",
    ):
        assert told in page


# The month's close


@pytest.mark.parametrize("days", [(3, 5), (10, 20), (1, 31)])
def test_history_spend_and_export_say_what_the_rows_do(month: Seeded, visit: Visit, days: tuple[int, int]) -> None:
    since, until = (f"2026-03-{day:02}" for day in days)
    where = f"account_id = {month.paul.pk} AND (created_at AT TIME ZONE 'UTC')::date BETWEEN '{since}' AND '{until}'"
    browser, asked = visit(month.paul), f"since={since}&until={until}"
    spent = cents("inference", where, -1) - cents("refund", where) - cents("write_off", where)
    history = browser.get(f"/credits/history?{asked}").content.decode()
    assert shown(history, "spent") == spent and shown(history, "charged") == cents("inference", where, -1)
    assert shown(browser.get(f"/credits/spend?{asked}&step=week&what=key").content.decode(), "total") == spent
    rows = whole(browser.get(f"/credits/history.csv?{asked}"))
    assert sum(int(row["amount_cents"]) for row in rows) == sum(
        cents(type, where) for type in ("top_up", "adjustment", "inference", "refund", "write_off")
    )
    requests = whole(browser.get(f"/requests.csv?{asked}"))
    charged = sql(f"SELECT sum(charged_cents) FROM inference_completion WHERE {where.replace('account_id', 'user_id')}")
    assert sum(int(row["charged_cents"]) for row in requests) == charged[0][0]


def test_the_staffs_lists_and_dossier_say_what_the_rows_do(month: Seeded, sam: User, visit: Visit) -> None:
    admin = visit(sam)
    listed = admin.get("/admin/credits/credittransaction/?since=2026-03-01&until=2026-03-31").context["cl"].sums()
    dollars = {name: said.replace("$", "").replace(",", "").replace("−", "-") for name, said in listed}
    for name, type, sign in (("Topped up", "top_up", 1), ("Charged", "inference", -1), ("Adjusted", "adjustment", 1)):
        assert Decimal(dollars[name]) * 100 == cents(type, IN_MARCH, sign)
    page = admin.get(f"/admin/accounts/user/{month.paul.pk}/change/").content.decode()
    assert shown(page, "balance") == balance(month.paul, "2999-01-01")
