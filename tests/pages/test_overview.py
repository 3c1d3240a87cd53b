import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from credits import spend
from credits.chart import OTHERS, chart, round_step
from credits.models import CreditAccount, CreditTransaction, FundingNote
from credits.spend import Spend
from tests.pages.conftest import Visit

TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    cache.clear()


def cents(page: Any, name: str) -> int:
    return int(re.search(rf'id="{name}" data-cents="(-?\d+)"', page.content.decode())[1])


def test_it_shows_what_the_books_hold(ada: User, visit: Visit) -> None:
    page = visit(ada).get("/")
    account = CreditAccount.objects.get(pk=ada.pk)
    assert cents(page, "balance") == account.balance_cents and cents(page, "available") == account.available_cents
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    month = CreditTransaction.objects.for_user(ada).filter(created_at__gte=today - timedelta(days=29))
    rows = month.filter(type__in=spend.SPENDING)
    assert page.context["month"] == -sum(rows.values_list("amount_cents", flat=True))


def test_who_never_had_credit_has_zero_and_is_told_how_to_get_some(bob: User, visit: Visit) -> None:
    FundingNote.objects.create(pk=1, text="Write to https://pay.example/")
    page = visit(bob).get("/")
    assert cents(page, "balance") == 0
    assert '<a href="https://pay.example/"' in page.content.decode()


def test_a_stranger_sees_what_this_is(client: Client, db: None) -> None:
    assert "One API" in client.get("/").content.decode()


def test_an_open_page_whose_session_ended_is_sent_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/", headers={"hx-request": "true"}).headers["location"] == "/sign-in?next=/"


def test_yesterday_ends_at_midnight_utc(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Her top-up counts nowhere; a charge one microsecond before midnight is yesterday's."""
    moments = [datetime(2026, 11, 21, 23, 59, 59, 999999, UTC), datetime(2026, 11, 22, tzinfo=UTC)]
    entries = [charge(alice, moment, number) for number, moment in enumerate(moments, 1)]
    CreditTransaction.objects.bulk_create(entries)
    monkeypatch.setattr(spend, "database_now", lambda: datetime(2026, 11, 22, 0, 0, 30, tzinfo=UTC))
    found = spend.spend(alice.pk)
    assert found.cents == {(TODAY - timedelta(days=1), "gpt-5.2"): 1, (TODAY, "gpt-5.2"): 2}
    assert (found.over(1), found.over(2)) == (2, 3)


def charge(user: User, moment: datetime, cents: int) -> CreditTransaction:
    return CreditTransaction(
        account_id=user.pk, type="inference", amount_cents=-cents, balance_after_cents=1000,
        reference=f"inference:{cents}", details={"model": "gpt-5.2"}, created_at=moment,
    )  # fmt: skip


def test_days_that_are_over_are_read_once(ada: User, django_assert_num_queries: Any, monkeypatch: Any) -> None:
    noon = spend.database_now().replace(hour=12)
    monkeypatch.setattr(spend, "database_now", lambda: noon)
    first = spend.spend(ada.pk)
    with django_assert_num_queries(1):
        assert spend.spend(ada.pk) == first


def test_days_left_follow_from_seven_days() -> None:
    assert Spend(TODAY, {(TODAY, "a"): 70}).days_left(100) == 10
    assert Spend(TODAY, {(TODAY - timedelta(days=7), "a"): 70}).days_left(100) is None


def test_a_chart_names_the_dearest_models_and_the_rest_together() -> None:
    found = chart(Spend(TODAY, {(TODAY, f"model-{n}"): n for n in range(1, 10)}))
    assert [name for _, name, _ in found.legend] == [f"model-{n}" for n in (9, 8, 7, 6, 5, 4)] + [OTHERS]
    assert sum(cents for _, _, cents in found.legend) == 45 == found.bars[-1].cents
    assert sum(part.height for part in found.bars[-1].parts) <= found.floor - found.top


def test_a_day_on_which_more_came_back_than_was_spent_has_no_bar() -> None:
    found = chart(Spend(TODAY, {(TODAY, "a"): -5, (TODAY, "b"): 3}))
    assert [part.series for part in found.bars[-1].parts] == [0] and found.bars[-1].cents == -2


@pytest.mark.parametrize(("most", "step"), [(0, 1), (4, 1), (5, 2), (21, 10), (117, 50), (1_000_000, 500_000)])
def test_an_axis_has_round_numbers(most: int, step: int) -> None:
    assert round_step(most) == step
