"""Amounts are typed in dollars and shown back as dollars; what could be read in two ways is booked in none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conway.common.dollars import cents_of, typed
from credits.models import CreditTransaction, MoveRequest
from tests.credits.attacks.conftest import ADJUST, TOP_UP, confirmed, filled, text_of

ODD = [
    "1,000.00", "1,000", "50,00", "1.000,00", "1e3", "1E3", "0x10", "1_000", "1 000", "50.", ".50", "1.005", "50.000",
    "+50", "--50", "50-", "(50)", "50 USD", "50$", "$$50", "$-50", "NaN", "inf", "٥٠", "５０", "5٠", "½", "50\x00",
    "50;1", "9" * 16, "10000000000.01", "0", "0.00", "-0", "", " ",
]  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [TOP_UP, ADJUST])
def test_what_is_no_plain_amount_of_dollars_books_nothing(admin, bob, path):
    form = filled(admin, path, user=bob.pk)
    answers = {odd: admin.post(path, {**form, "amount": odd, "confirmed": "yes"}).status_code for odd in ODD}
    assert answers == dict.fromkeys(ODD, 200)
    assert not CreditTransaction.objects.exists() and not MoveRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("amount", ["-5", "−5.00", "-$5"])
def test_a_top_up_takes_nothing_away(admin, alice, amount):
    assert "Between $0.01 and" in text_of(confirmed(admin, TOP_UP, user=alice.pk, amount=amount))
    assert CreditTransaction.objects.count() == 1  # her first money


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("amount", "shown"), [("50", "$50.00"), (" $1234.5 ", "$1,234.50"), ("0.07", "$0.07"), ("-2.50", "-$2.50")]
)
def test_what_is_typed_is_shown_back_before_it_is_booked(admin, alice, amount, shown):
    path = ADJUST if amount.startswith("-") else TOP_UP
    page = text_of(admin.post(path, filled(admin, path, user=alice.pk, amount=amount)))
    assert shown in page.replace("−", "-") and CreditTransaction.objects.count() == 1


@given(st.integers(-(10**12), 10**12))
def test_what_a_form_shows_it_reads_as_the_same(cents):
    assert cents_of(typed(cents)) == cents


@given(st.text(max_size=12))
def test_no_text_is_read_as_an_amount_that_it_is_not(text):
    cents = cents_of(text)
    assert cents is None or cents == round(float(text.strip().replace("$", "").replace("−", "-")) * 100)
