"""A closed month: what it says, that it stays, and who may close one."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import User
from credits import audit, close, ledger
from credits.models import CreditTransaction, DaySum, MonthClose
from tests.month.numbers import CHARGED, GIVEN_BACK, IN_MARCH, Visit, figures, figures_of, shown, sql, whole
from tests.month.seeded import MARCH, Seeded
from tests.roles import as_owner


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
