"""One function adds up; whatever pages and days it is asked for, it says what the rows come to."""

import re
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey, User
from credits import figures, ledger
from credits.figures import Figures, total
from credits.history import Filters
from credits.key_use import recent_spend
from credits.models import CreditAccount, CreditTransaction, DaySum, SummedDays
from credits.spend import spend, this_month
from tests.browser import sample_month
from tests.pages.conftest import Visit

Type = CreditTransaction.Type
TODAY = datetime.now(UTC).date()
RANGES = [(None, None), (TODAY - timedelta(days=29), TODAY), (TODAY - timedelta(days=9), TODAY - timedelta(days=3))]


@pytest.fixture
def given_back(ada: User, sam: User) -> User:
    """Ada's month, with every type in it."""
    first, second = CreditTransaction.objects.filter(account=ada.pk, type="inference").order_by("id")[:2]
    for charge in (first, second):
        ledger.refund(reference=charge.reference, cents=1, reason="Slow", by=sam)
    ledger.adjust(user=ada, cents=-7, reference="less", reason="A mistake", by=sam)
    return ada


def by_rows(user: User, filters: Filters) -> Figures:
    """From single rows, in Python."""
    rows = CreditTransaction.objects.filter(account=user.pk)
    found = [
        row
        for row in rows
        if (not filters.types or row.type in filters.types)
        and (filters.model is None or row.details.get("model") == filters.model)
        and (filters.key_id is None or row.key_id == filters.key_id)
        and (filters.since is None or row.created_at.date() >= filters.since)
        and (filters.until is None or row.created_at.date() <= filters.until)
    ]

    def cents(type: str) -> int:
        return sum(row.amount_cents for row in found if row.type == type)

    return Figures(
        len(found), *map(cents, ("top_up", "adjustment")), -cents("inference"), *map(cents, figures.GIVEN_BACK[::-1])
    )


@pytest.mark.parametrize(
    ("types", "model", "range_"), product([(), ("refund",), figures.SPENDING], [None, "gpt-5.2"], RANGES)
)
def test_kept_days_and_todays_rows_come_to_what_the_rows_do(
    given_back: User, types: Any, model: Any, range_: Any
) -> None:
    filters = Filters(types=types, model=model, since=range_[0], until=range_[1])
    assert total(given_back.pk, filters) == by_rows(given_back, filters)
    assert total(given_back.pk, filters) == by_rows(given_back, filters)  # from what was kept


def test_of_everything_the_net_is_the_balance(given_back: User) -> None:
    assert total(given_back.pk).net == CreditAccount.objects.get(pk=given_back.pk).balance_cents


def test_the_overviews_thirty_days_are_the_history_of_those_days(given_back: User, visit: Visit) -> None:
    browser = visit(given_back)
    overview = browser.get("/").content.decode()
    for name in ("today", "week", "month"):
        cents, link = re.search(rf'id="{name}" data-cents="(-?\d+)"><a href="([^"]+)"', overview).groups()  # type: ignore[union-attr]
        listed = browser.get(link.replace("&amp;", "&")).content.decode()
        assert f'data-figure="spent" data-cents="{cents}"' in listed, name


def test_spend_by_model_and_by_key_is_the_same_spend(given_back: User, visit: Visit) -> None:
    for what, step in product(("model", "key"), ("day", "week", "month")):
        page = visit(given_back).get(f"/credits/spend?what={what}&step={step}&since={RANGES[1][0]}&until={TODAY}")
        found = page.context["spend"]
        assert found.total == by_rows(given_back, Filters(since=RANGES[1][0], until=TODAY)).spent
        assert sum(bar.cents for bar in page.context["chart"].bars) == found.total == sum(found.sums().values())


def test_every_bar_leads_to_what_it_shows(given_back: User, visit: Visit) -> None:
    browser = visit(given_back)
    page = browser.get("/credits/spend?step=week").content.decode()
    bars = re.findall(r'<a href="([^"]+)" data-cents="(-?\d+)">', page)
    assert len(bars) >= 5
    for link, cents in bars:
        assert f'data-figure="spent" data-cents="{cents}"' in browser.get(link.replace("&amp;", "&")).content.decode()


def test_days_that_are_over_are_summed_up_once(given_back: User) -> None:
    total(given_back.pk)
    assert SummedDays.objects.get().until <= TODAY and DaySum.objects.exists()
    with CaptureQueriesContext(connection) as asked:
        total(given_back.pk)
    assert len(asked) == 3 and not any("INSERT" in query["sql"] for query in asked)


def test_what_is_booked_into_the_past_is_counted(given_back: User) -> None:
    before = total(given_back.pk)
    CreditTransaction.objects.create(
        account_id=given_back.pk, type="top_up", amount_cents=11, balance_after_cents=99, reference="top_up:late",
        created_at=datetime.now(UTC) - timedelta(days=4),
    )  # fmt: skip
    assert total(given_back.pk).topped_up == before.topped_up + 11


def test_who_has_no_account_has_no_figures(bob: User) -> None:
    assert total(bob.pk) == Figures()


def test_a_key_spent_what_its_charges_say_less_what_came_back(given_back: User) -> None:
    key = ApiKey.objects.get(user=given_back)
    other = ApiKey.issue(user=given_back, name="unused")[0]
    spent = by_rows(given_back, Filters(key_id=key.pk, since=RANGES[1][0])).spent
    assert recent_spend(given_back.pk) == {key.pk: spent} and other.pk not in recent_spend(given_back.pk)


def test_a_strangers_rows_are_nobodys(given_back: User, alice: User, offered: None) -> None:
    other = User.objects.create_user("other@example.org", "x")
    sample_month.live(other, ApiKey.issue(user=other, name="other")[0], seed=8)
    assert total(given_back.pk) == by_rows(given_back, Filters())


@pytest.mark.parametrize(
    "query",
    ["since=2026-02-01&until=2026-01-01", "since=0001-01-01", "until=9999-12-31", "step=hour", "what=%00", "since=x"],
)
def test_nonsense_is_answered_by_a_page(given_back: User, visit: Visit, query: str) -> None:
    assert visit(given_back).get(f"/credits/spend?{query}").status_code == 200


def test_the_present_month_is_read_from_what_was_asked_for_anyway(ada: User) -> None:
    long, short, weeks = (spend(ada.pk, TODAY - timedelta(days=days), TODAY, step=step, today=TODAY)
                          for days, step in ((60, "day"), (2, "day"), (60, "week")))  # fmt: skip
    months, queries = [], []
    for known in (None, long, short, weeks):
        with CaptureQueriesContext(connection) as captured:
            months.append(this_month(ada.pk, TODAY, known))
        queries.append(len(captured) > 0)
    assert months == [months[0]] * 4 and queries == [True, False, True, True]
