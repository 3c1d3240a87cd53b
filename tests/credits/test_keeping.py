"""What pages add up is added up before somebody asks."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from credits import close, keeping
from credits.keeping import Keeper
from credits.models import CreditTransaction, DaySum, MonthDraft, SummedDays

pytestmark = pytest.mark.django_db

BOOKED = """
INSERT INTO credits_credittransaction (account_id, type, amount_cents, balance_after_cents, reference, created_at)
VALUES (%s, 'top_up', 5, 5, %s, %s)"""


def booked(user, moment, reference="top_up:then"):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO credits_creditaccount (user_id) VALUES (%s) ON CONFLICT DO NOTHING", [user.pk])
        cursor.execute(BOOKED, [user.pk, reference, moment])


def now():
    return datetime.now(UTC)


@pytest.fixture
def long_ago(bob):
    """A month in which bob alone was topped up."""
    moment = (now().replace(day=1) - timedelta(days=40)).replace(hour=12)
    booked(bob, moment)
    return moment


def summed_up(keeper):
    """How many accounts it looked at, however few at once."""
    return sum(iter(keeper.step, 0))


def test_an_account_with_days_that_are_over_is_summed_up_unasked(bob, long_ago):
    assert summed_up(Keeper()) == 1
    assert DaySum.objects.get(account=bob.pk).cents == 5
    assert SummedDays.objects.get(pk=bob.pk).until == now().date()


def test_it_goes_through_all_accounts_however_few_at_once(bob, sam, alice, long_ago, monkeypatch):
    monkeypatch.setattr(keeping, "ACCOUNTS_AT_ONCE", 1)
    booked(sam, long_ago, "top_up:sam's")
    assert summed_up(Keeper()) == 3
    assert set(SummedDays.objects.values_list("pk", flat=True)) == {bob.pk, sam.pk}  # alice's are of today


def test_a_step_is_short_however_many_accounts_there_are(bob, sam, long_ago, monkeypatch):
    """Whoever stops a server waits for a step of each worker."""
    monkeypatch.setattr(keeping, "ACCOUNTS_AT_ONCE", 1)
    booked(sam, long_ago, "top_up:sam's")
    keeper = Keeper()
    assert (keeper.step(), SummedDays.objects.count()) == (1, 1)


def test_what_is_summed_up_is_passed_over(bob, long_ago):
    keeper = Keeper()
    assert summed_up(keeper) == 1
    SummedDays.objects.update(until=now().date() + timedelta(days=1))  # a second look would take that back
    assert (keeper.step(), summed_up(Keeper())) == (0, 1)
    assert SummedDays.objects.get().until == now().date() + timedelta(days=1)


def test_the_next_day_begins_anew(bob, long_ago):
    keeper = Keeper()
    summed_up(keeper)
    keeper.over -= timedelta(days=1)
    assert keeper.step() == 1


def test_an_account_without_a_day_that_is_over_is_left_alone(alice):
    assert summed_up(Keeper()) == 1 and not SummedDays.objects.exists()


@pytest.fixture
def over(bob, long_ago, monkeypatch):
    """Sessions of other tests may be writing; what this is about is not theirs."""
    monkeypatch.setattr(close, "UNDER_WAY_SQL", "SELECT false OR %(end)s IS NULL")
    month = close.next_to_close()
    assert month == long_ago.date().replace(day=1)
    return month


def test_a_month_that_is_over_is_added_up_before_somebody_closes_it(over):
    assert (close.look(), close.look()) == (1, 0)
    assert close.read(MonthDraft.objects.get()) == close.month_of_all(over)


def test_a_draft_is_what_staff_see(over):
    close.look()
    MonthDraft.objects.update(facts=MonthDraft.objects.get().facts | {"accounts": 77})
    assert close.seen(over).accounts == 77


def test_who_books_into_the_past_makes_the_draft_anew(over, sam, long_ago):
    close.look()
    booked(sam, long_ago, "top_up:late")
    assert not MonthDraft.objects.exists()
    assert close.look() == 1 and close.seen(over).figures.topped_up == 10


def test_a_booking_of_a_later_month_leaves_it(over, sam, long_ago):
    close.look()
    booked(sam, long_ago + timedelta(days=33), "top_up:later")
    assert MonthDraft.objects.exists()


def test_the_present_month_has_no_draft(alice):
    assert CreditTransaction.objects.exists() and close.look() == 0
