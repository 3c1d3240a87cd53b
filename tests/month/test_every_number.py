"""A seeded month: each number on each page is what SQL says of the rows."""

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import User
from credits import audit, close, ledger, statements
from credits.figures import total
from credits.models import CreditTransaction, DaySum, MonthClose
from tests.month.seeded import MARCH, Seeded
from tests.roles import as_owner

Visit = Callable[[User], Client]
IN_MARCH = "created_at >= '2026-03-01 00:00Z' AND created_at < '2026-04-01 00:00Z'"
CHARGED, GIVEN_BACK = (
    "-sum(amount_cents) FILTER (WHERE type = 'inference')",
    "sum(amount_cents) FILTER (WHERE type IN ('refund', 'write_off'))",
)
DETAILS = {"model": "details ->> 'model'", "key": "(SELECT k.name FROM accounts_apikey k WHERE k.id = key_id)"}


def sql(question: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question, params)
        return cursor.fetchall()


def cents(type: str, where: str, sign: int = 1) -> int:
    return sign * int(
        sql(f"SELECT coalesce(sum(amount_cents), 0) FROM credits_credittransaction WHERE type = %s AND {where}", type)[
            0
        ][0]
    )


def shown(page: str, name: str) -> int:
    return int(re.search(rf'(?:id|data-figure)="{name}"[^>]*data-cents="(-?\d+)"', page)[1])  # type: ignore[index]


def whole(answer: Any) -> list[dict[str, str]]:
    async def read() -> str:
        return b"".join([piece async for piece in answer]).decode()

    return list(csv.DictReader(io.StringIO(async_to_sync(read)())))


def figures(page: str, where: str) -> None:
    for name, type, sign in (
        ("topped_up", "top_up", 1), ("adjusted", "adjustment", 1), ("charged", "inference", -1),
        ("refunded", "refund", 1), ("written_off", "write_off", 1),
    ):  # fmt: skip
        assert shown(page, name) == cents(type, where, sign), name


def balance(user: User, moment: str) -> int:
    return int(
        sql(
            "SELECT coalesce(sum(amount_cents), 0) FROM credits_credittransaction"
            " WHERE account_id = %s AND created_at < %s",
            user.pk,
            moment,
        )[0][0]
    )


def rows_of(page: str, heading: str) -> dict[str, tuple[int, int, int]]:
    """Of a table by model or key."""
    table = re.search(rf'<h2 id="{heading}">.*?</section>', page, re.S)[0]  # type: ignore[index]
    found = re.findall(
        r'<th scope="row">(.*?)</th>.*?data-charged="(-?\d+)".*?data-given-back="(-?\d+)".*?data-spent="(-?\d+)"', table
    )
    return {name: (int(charged), int(back), int(spent)) for name, charged, back, spent in found}


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


@pytest.fixture
def closed(month: Seeded, sam: User, visit: Visit) -> Client:
    """February and March, closed by sam in the admin."""
    admin = visit(sam)
    for day in ("2026-02-01", "2026-03-01"):
        assert admin.post("/admin/credits/monthclose/close/", {"month": day}).status_code == 302
    return admin


def test_a_closed_month_says_what_the_rows_do(closed: Client) -> None:
    page = closed.get("/admin/credits/monthclose/2026-03-01/change/").content.decode()
    figures(page, IN_MARCH)
    for name, moment in (("opening", "2026-03-01 00:00Z"), ("closing", "2026-04-01 00:00Z")):
        assert (
            shown(page, name)
            == sql("SELECT sum(amount_cents) FROM credits_credittransaction WHERE created_at < %s", moment)[0][0]
        )
    told = re.findall(
        r'<tr><th>([\w.-]+)</th><td>(\w+)</td>.*?data-charged="(-?\d+)".*?data-given-back="(-?\d+)".*?data-cost="([\d.]+)"',
        page,
    )
    asked = f"""
        SELECT details ->> 'model', details ->> 'provider', coalesce({CHARGED}, 0), coalesce({GIVEN_BACK}, 0)
        FROM credits_credittransaction WHERE details ? 'model' AND {IN_MARCH} GROUP BY 1, 2"""
    assert {(m, p, int(c), int(g)) for m, p, c, g, _ in told} == set(sql(asked))
    (cost,) = sql(f"SELECT sum(cost_usd) FROM inference_completion WHERE {IN_MARCH}")[0]
    assert sum(Decimal(line[4]) for line in told) == cost - Decimal(
        "0.2"
    )  # a correction of March lowered one by so much


def test_its_csvs_are_its_numbers(closed: Client) -> None:
    income, cash, balances = (
        whole(closed.get(f"/admin/credits/monthclose/2026-03-01/{name}/")) for name in ("income", "cash", "balances")
    )
    kept = MonthClose.objects.get(pk="2026-03-01")
    assert sum(int(row["charged_cents"]) for row in income) == kept.charged_cents
    assert sum(int(row["amount_cents"]) for row in cash) == kept.topped_up_cents
    assert {row["payment_reference"] for row in cash} == {"INV-2", "INV-3"}
    assert sum(int(row["opening_cents"]) for row in balances) == kept.opening_cents
    assert sum(int(row["closing_cents"]) for row in balances) == kept.closing_cents


def test_every_month_begins_with_what_the_one_before_ended_with(closed: Client) -> None:
    before, after = MonthClose.objects.order_by("month")
    assert before.opening_cents == 0 and before.closing_cents == after.opening_cents


def numbers(page: str) -> list[str]:
    return re.findall(r'data-[\w-]+="(-?[\d.]+)"', page)


def test_a_late_correction_lands_in_the_next_month(closed: Client, month: Seeded, sam: User) -> None:
    address = "/admin/credits/monthclose/2026-03-01/change/"
    before = numbers(closed.get(address).content.decode())
    ledger.refund(reference="inference:chatcmpl-seeded0002", cents=3, reason="Late", by=sam, attempt="late")
    assert numbers(closed.get(address).content.decode()) == before
    assert (
        close.month_of_all(MARCH.date()).figures.refunded
        == MonthClose.objects.get(pk="2026-03-01").refunded_cents
        == 100
    )


CLOSE = """
INSERT INTO credits_monthclose
SELECT '{month}', 0, {cents}, 0, 0, 0, 0, 0, {cents}, 0, '[]', clock_timestamp(), closed_by_id
FROM credits_monthclose LIMIT 1"""


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE credits_monthclose SET charged_cents = 0, closing_cents = closing_cents + charged_cents",
        "DELETE FROM credits_monthclose",
        "INSERT INTO credits_credittransaction"
        " (account_id, type, amount_cents, balance_after_cents, reference, created_at)"
        " SELECT account_id, 'top_up', 1, 1, 'top_up:past', '2026-03-15Z' FROM credits_credittransaction LIMIT 1",
        CLOSE.format(month="2026-05-01", cents=0),
        CLOSE.format(month="2026-04-01", cents=1),
    ],
)
def test_the_database_keeps_closed_months_as_they_are(closed: Client, attack: str) -> None:
    """As the owner of the tables: no right is missing, a rule refuses."""
    with as_owner(), pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attack)


def test_a_month_whose_moves_lead_elsewhere_cannot_be_kept(month: Seeded, sam: User) -> None:
    with pytest.raises(IntegrityError, match="opening_and_moves_are_closing"), transaction.atomic():
        MonthClose.objects.create(
            month="2026-02-01", accounts=1, opening_cents=0, topped_up_cents=5, adjusted_cents=0, charged_cents=0,
            refunded_cents=0, written_off_cents=0, closing_cents=4, cost_usd=0, lines=[], closed_by=sam,
        )  # fmt: skip


def test_the_present_month_is_not_closed(closed: Client, sam: User) -> None:
    for _ in range(20):
        month = close.next_to_close()
        assert month
        try:
            close.close(month, by=sam)
        except close.NotYet as error:
            assert "is not over" in str(error)
            break
    assert not MonthClose.objects.filter(month__gte=close.database_now().date().replace(day=1)).exists()


def test_only_who_may_closes(month: Seeded, staff: Callable[[str], User], visit: Visit) -> None:
    auditor = visit(staff("auditor"))
    assert auditor.post("/admin/credits/monthclose/close/", {"month": "2026-02-01"}).status_code == 403
    assert not MonthClose.objects.exists() and CreditTransaction.objects.exists()


def test_the_audit_finds_kept_days_that_are_untrue(month: Seeded) -> None:
    for user in (month.paul, month.quinn):
        figures_of(user)
    assert list(audit.faults()) == []
    DaySum.objects.filter(account=month.paul.pk, type="refund").update(cents=1)
    (fault,) = audit.faults()
    assert fault.startswith(f"account {month.paul.pk}: the days before")


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


def figures_of(user: User) -> None:
    assert total(user.pk).net == balance(user, "2999-01-01")
