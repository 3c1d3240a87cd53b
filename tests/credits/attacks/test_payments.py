"""An invoice is paid once, however it is spelled, whoever books it; staff's own notes stay with staff."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import ApiKey, User
from credits import ledger
from credits.models import CreditTransaction
from tests.credits.attacks.conftest import TOP_UP, confirmed, filled, text_of, whole
from tests.credits.ledger_driver import books_of, clicks

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "we-think-he-is-a-reseller"


@pytest.mark.parametrize(
    "spelled",
    [
        *("INV-7", "inv-7", "  Inv-7 ", "INV-7\t", "INV - 7", "INV -7"),
        *("INV\u20117", "INV\u20137", "INV\u22127", "\uff29NV-7", "INV-\uff17"),
    ],
)
def test_an_invoice_is_not_booked_twice(admin, daves, alice, bob, spelled):
    confirmed(admin, user=alice.pk, amount="5")
    answer = text_of(confirmed(daves, user=bob.pk, amount="5", payment=spelled))
    assert "This payment was booked on" in answer and "$5.00 for alice@example.org" in answer
    assert books_of(bob) == (0, 0)


@pytest.mark.parametrize("spelled", ["\u0399NV-7", "INV-\u0667", "INV-7\u200b", "INV-7\u0301"])
def test_letters_that_only_look_alike_are_refused(admin, bob, spelled):
    confirmed(admin, user=bob.pk, amount="5", payment=spelled)
    assert books_of(bob) == (0, 0)


def test_other_names_stay_as_they_are(admin, bob):
    confirmed(admin, user=bob.pk, amount="5", payment="\u00dcberweisung 4711/2026, Gr\u00f6\u00dfe")
    assert CreditTransaction.objects.get().payment_reference == "\u00dcberweisung 4711/2026,Gr\u00f6\u00dfe"


def test_two_windows_with_one_invoice_at_once_book_it_once(alice, bob, carol, dave):
    def pay(user, by):
        return lambda: ledger.top_up(
            user=user, cents=5, reference=f"form-{user.pk}", reason="Paid", payment="INV-7", by=by
        )

    answers = clicks(*[pay(alice, carol), pay(bob, dave)] * 5)
    assert sum(isinstance(answer, ledger.PaymentBooked) for answer in answers) == 5
    assert books_of(alice)[0] + books_of(bob)[0] == 1005


def test_the_database_books_a_payment_once_and_none_without_its_name(bob, carol):
    ledger.top_up(user=bob, cents=5, reference="a", reason="Paid", payment="INV-7", by=carol)
    row = {"account_id": bob.pk, "type": "top_up", "amount_cents": 5, "balance_after_cents": 10, "made_by": carol}
    for payment, rule in (("inv-7", "a_payment_is_booked_once"), (None, "names_its_payment"), ("", "names_its")):
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            CreditTransaction.objects.create(**row, reference="top_up:b", payment_reference=payment)


def test_a_top_up_by_staff_names_its_payment(bob, carol):
    with pytest.raises(ledger.InvalidText):
        ledger.top_up(user=bob, cents=5, reference="a", reason="Paid", by=carol)


def test_fifty_typed_as_dollars_is_five_thousand_cents(admin, bob):
    page = text_of(admin.post(TOP_UP, filled(admin, user=bob.pk, amount="50.00")))
    assert "+$50.00" in page and "first top-up" in page
    assert "+$50.00 for bob@example.org" in text_of(confirmed(admin, user=bob.pk, amount="$50"))
    assert books_of(bob) == (5000, 0)


def test_the_confirmation_compares_with_the_last_and_the_largest(admin, bob):
    for number, cents in enumerate((9_000, 500)):
        ledger.top_up(user=bob, cents=cents, reference=f"n{number}", reason="Paid", by=None)
    page = text_of(admin.post(TOP_UP, filled(admin, user=bob.pk, amount="900")))
    assert "Last top-up: $5.00" in page and "Largest so far: $90.00" in page
    assert "This one is 10.0 times the largest." in page


def test_a_wallet_is_topped_up_by_its_address(admin, bob):
    address = "0x" + "aB" * 20
    bob.wallets.create(address=address.lower())
    assert "bob@example.org" in text_of(confirmed(admin, user=address, amount="5"))
    assert books_of(bob) == (500, 0)
    for table in ("creditaccount", "credittransaction"):
        assert len(admin.get(f"/admin/credits/{table}/", {"q": address}).context["cl"].result_list) == 1


def test_the_customer_reads_the_reason_and_never_the_note(admin, bob, run):
    confirmed(admin, user=bob.pk, amount="5", note=SECRET, reason="Thanks for paying")
    browser = Client()
    browser.force_login(bob, backend="accounts.backends.PasswordBackend")
    auth = {"authorization": f"Bearer {ApiKey.issue(user=bob, name='k')[1]}"}
    pages = [browser.get(path, headers=auth) for path in ("/", "/credits/history", "/v1/credits/history")]
    said = [text_of(page) for page in pages]
    assert all(SECRET not in text and "INV-7" not in text for text in said)
    assert "Thanks for paying" in said[1] and "Thanks for paying" in said[2]
    table = whole(browser.get("/credits/history.csv"))
    assert "Thanks for paying" in table and SECRET not in table and "INV-7" not in table
    entry = CreditTransaction.objects.get()
    assert SECRET in text_of(admin.get(f"/admin/credits/credittransaction/{entry.pk}/change/"))


# From the command line


def test_a_retried_command_pays_once(bob, capsys):
    for spelled in ("wire 7", "Wire  7"):
        call_command("issue_key", "bob@example.org", "--credits", "500", "--reference", spelled)
    assert books_of(bob) == (500, 0)
    assert len(set(capsys.readouterr().out.split())) == 2


@pytest.mark.parametrize(("who", "cents"), [("carol@example.org", "500"), ("bob@example.org", "501")])
def test_a_reference_of_another_payment_issues_nothing(bob, capsys, who, cents):
    call_command("issue_key", "bob@example.org", "--credits", "500", "--reference", "wire 7")
    with pytest.raises(CommandError):
        call_command("issue_key", who, "--credits", cents, "--reference", "wire 7")
    assert (books_of(bob), ApiKey.objects.count()) == ((500, 0), 1)


def test_the_admin_and_the_command_know_of_each_other(admin, alice, bob):
    call_command("issue_key", "bob@example.org", "--credits", "500", "--reference", "inv-7")
    assert "This payment was booked" in text_of(confirmed(admin, user=alice.pk, amount="5"))
    confirmed(admin, user=alice.pk, amount="5", payment="INV-8")
    with pytest.raises(CommandError, match="was booked on"):
        call_command("issue_key", "bob@example.org", "--credits", "500", "--reference", "INV-8")


def test_a_wallets_owner_gets_a_key(bob, capsys):
    bob.wallets.create(address="0x" + "ab" * 20)
    call_command("issue_key", "0x" + "AB" * 20, "--credits", "5")
    assert (books_of(bob), ApiKey.objects.get().user) == ((5, 0), bob)
    with pytest.raises(CommandError, match="Nobody signed in with the wallet"):
        call_command("issue_key", "0x" + "cd" * 20)


def test_an_unproven_address_is_topped_up_only_on_purpose(admin):
    eve = User.objects.sign_up("eve@example.org", "eve's long password")
    assert "not proven" in text_of(confirmed(admin, user="eve@example.org", amount="5"))
    assert books_of(eve) == (0, 0)
    shown = text_of(admin.post(TOP_UP, filled(admin, user="eve@example.org", amount="5", unproven="on")))
    assert "eve@example.org (unproven)" in shown
    confirmed(admin, user="eve@example.org", amount="5", unproven="on")
    assert books_of(eve) == (500, 0)


def test_of_several_who_claim_an_address_none_is_guessed(admin):
    eves = [User.objects.sign_up("eve@example.org", "eve's long password") for _ in range(2)]
    assert "user id" in text_of(confirmed(admin, user="eve@example.org", amount="5", unproven="on"))
    confirmed(admin, user=eves[0].pk, amount="5")
    assert [books_of(eve) for eve in eves] == [(500, 0), (0, 0)]
