import pytest
from django.db import connection

from accounts.models import ApiKey
from credits import audit, ledger
from credits.models import AuditRun, CreditAccount, Hold, KeyUse
from tests.credits.ledger_driver import admit, buy
from tests.roles import as_owner

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.spoils_the_books]


def rewrite(statement: str, *params: object) -> None:
    """As somebody would who owns the table and means harm."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE credits_credittransaction DISABLE TRIGGER USER")
        cursor.execute(statement, params)
        cursor.execute("ALTER TABLE credits_credittransaction ENABLE TRIGGER USER")


def test_good_books_have_no_fault(alice, run):
    run(buy(alice, 20))
    run(admit(alice))
    assert list(audit.faults()) == []


def test_it_finds_a_balance_that_is_not_the_sum(alice):
    CreditAccount.objects.update(balance_cents=990)
    assert list(audit.faults()) == [
        f"account {alice.pk}: the balance is 990 cents, its transactions sum to 1000",
        f"account {alice.pk}: the balance is 990 cents, its newest transaction says 1000",
    ]


def test_it_finds_a_running_balance_that_is_off_in_one_row(alice, run):
    charge, *_ = [f"inference:{run(buy(alice, 20))}" for _ in range(3)]
    rewrite("UPDATE credits_credittransaction SET balance_after_cents = 1 WHERE reference = %s", charge)
    (fault,) = audit.faults()
    assert "is not the sum up to it; 1 such rows" in fault


def test_it_finds_a_missing_transaction(alice, run):
    completion = run(buy(alice, 20))
    run(buy(alice, 20))
    rewrite("DELETE FROM credits_credittransaction WHERE reference = %s", f"inference:{completion}")
    assert f"account {alice.pk}: the balance is 960 cents, its transactions sum to 980" in list(audit.faults())


def test_it_finds_held_credit_without_a_hold(alice, run):
    run(admit(alice, worst=30))
    Hold.objects.all().delete()
    assert list(audit.faults()) == [
        f"account {alice.pk}: 30 cents are held, its open holds sum to 0",
        f"account {alice.pk}: 1 requests are said to run, its open holds are 0",
    ]


def test_it_finds_a_key_that_holds_too_much(alice, run):
    key, _ = ApiKey.issue(user=alice, name="limited", limit_cents=100)
    run(admit(alice, key=key, worst=30))
    KeyUse.objects.update(held_cents=31)
    assert list(audit.faults()) == [f"key {key.pk}: 31 cents are held in its window, its open holds there sum to 30"]


def test_it_finds_a_key_whose_requests_are_miscounted(alice, run):
    key, _ = ApiKey.issue(user=alice, name="limited", concurrency=3)
    run(admit(alice, key=key, worst=30))
    KeyUse.objects.update(running=2)
    assert list(audit.faults()) == [f"key {key.pk}: 2 requests are said to run, its open holds are 1"]


def test_it_walks_every_row_of_every_account(alice, bob, sam, run, monkeypatch):
    monkeypatch.setattr(audit, "ACCOUNTS_AT_ONCE", 2)
    monkeypatch.setattr(audit, "ROWS_AT_ONCE", 4)
    for user in (bob, sam):
        for n in range(7):
            ledger.top_up(user=user, cents=1 + n, reference=f"{user.pk}-{n}", reason="Piece by piece", by=None)
    assert list(audit.faults()) == []
    rewrite("UPDATE credits_credittransaction SET balance_after_cents = 99 WHERE reference = %s", f"top_up:{sam.pk}-5")
    (fault,) = audit.faults()
    assert fault.startswith(f"account {sam.pk}: the balance after transaction")


def test_a_run_is_recorded_for_staff(alice):
    audit.record(faults=0)
    assert str(AuditRun.objects.get()) == "1 accounts, 0 faults"
