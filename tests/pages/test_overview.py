import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from credits import figures
from credits.chart import OTHERS, TALL, Chart, chart, round_step
from credits.models import CreditAccount, CreditTransaction, FundingNote
from credits.spend import Spend, slots, spend
from tests.pages.conftest import Visit

TODAY = date(2026, 11, 22)


def cents(page: Any, name: str) -> int:
    return int(re.search(rf'id="{name}" data-cents="(-?\d+)"', page.content.decode())[1])


def test_it_shows_what_the_books_hold(ada: User, visit: Visit) -> None:
    page = visit(ada).get("/")
    account = CreditAccount.objects.get(pk=ada.pk)
    assert cents(page, "balance") == account.balance_cents and cents(page, "available") == account.available_cents
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    month = CreditTransaction.objects.for_user(ada).filter(created_at__gte=today - timedelta(days=29))
    rows = month.filter(type__in=figures.SPENDING)
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
    for second in (30, 90):  # before yesterday's sums are kept, and after
        monkeypatch.setattr(figures, "database_now", lambda: datetime(2026, 11, 22, tzinfo=UTC) + at(second))  # noqa: B023
        monkeypatch.setattr("credits.spend.database_now", figures.database_now)
        found = spend(alice.pk)
        assert found.cents == {(TODAY - timedelta(days=1), "gpt-5.2"): 1, (TODAY, "gpt-5.2"): 2}
        assert (found.over(1), found.over(2)) == (2, 3)


def at(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def charge(user: User, moment: datetime, cents: int) -> CreditTransaction:
    return CreditTransaction(
        account_id=user.pk, type="inference", amount_cents=-cents, balance_after_cents=1000,
        reference=f"inference:{cents}", details={"model": "gpt-5.2"}, created_at=moment,
    )  # fmt: skip


def of(cents: dict[tuple[date, str], int]) -> Spend:
    return Spend(TODAY, TODAY - timedelta(days=29), TODAY, cents)


def drawn(cents: dict[tuple[date, str], int]) -> Chart:
    found = of(cents)
    return chart(found, {name: name for name in found.sums()})


def test_days_left_follow_from_seven_days() -> None:
    assert of({(TODAY, "a"): 70}).days_left(100) == 10
    assert of({(TODAY - timedelta(days=7), "a"): 70}).days_left(100) is None


def test_a_chart_names_the_dearest_models_and_the_rest_together() -> None:
    found = drawn({(TODAY, f"model-{n}"): n for n in range(1, 10)})
    assert [entry.title for entry in found.legend] == [f"model-{n}" for n in (9, 8, 7, 6, 5, 4)] + [OTHERS]
    assert sum(entry.cents for entry in found.legend) == 45 == found.bars[-1].cents
    assert sum(part.height for part in found.bars[-1].parts) <= TALL


def test_a_day_on_which_more_came_back_than_was_spent_has_no_bar() -> None:
    found = drawn({(TODAY, "a"): -5, (TODAY, "b"): 3})
    assert len(found.bars[-1].parts) == 1 and found.bars[-1].cents == -2


def test_today_is_marked_as_unfinished() -> None:
    assert [bar.is_unfinished for bar in drawn({(TODAY, "a"): 1}).bars] == [False] * 29 + [True]


@pytest.mark.parametrize(("most", "step"), [(0, 1), (4, 1), (5, 2), (21, 10), (117, 50), (1_000_000, 500_000)])
def test_an_axis_has_round_numbers(most: int, step: int) -> None:
    assert round_step(most) == step


@pytest.mark.parametrize("step", ["day", "week", "month"])
def test_slots_follow_one_another_without_a_gap(step: str) -> None:
    found = list(slots(date(2026, 1, 28), date(2026, 3, 2), step))
    assert found[0].start == date(2026, 1, 28) and found[-1].end == date(2026, 3, 2)
    assert all(later.start - earlier.end == timedelta(days=1) for earlier, later in pairwise(found))
