"""Constraints are law: what psql may not do, no bug of ours can."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from credits.models import CreditTransaction, Hold
from tests.roles import as_owner

pytestmark = pytest.mark.django_db

ENTRY = """
INSERT INTO credits_credittransaction (account_id, type, amount_cents, balance_after_cents, reference)
VALUES (%s, %s, %s, %s, %s)"""


def sql(statement: str, *params: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("a_balance_is_never_negative", "balance_cents = -1, held_cents = -1"),
        ("held_credit_is_between_zero_and_the_balance", "held_cents = 1001"),
        ("held_credit_is_between_zero_and_the_balance", "held_cents = -1"),
    ],
)
def test_an_account_cannot_be_wrong(alice, rule, change):
    with pytest.raises(IntegrityError, match=rule):
        sql(f"UPDATE credits_creditaccount SET {change}")


@pytest.mark.parametrize(
    ("rule", "entry"),
    [
        ("a_transaction_moves_at_least_one_cent", ("adjustment", 0, 5, "adjustment:a")),
        ("a_balance_after_is_never_negative", ("inference", -5, -1, "inference:a")),
        ("a_reference_is_booked_once", ("top_up", 5, 5, "top_up:alice-begins")),
        ("a_reference_starts_with_its_type", ("top_up", 5, 5, "refund:a")),
        ("a_transaction_has_a_known_type", ("gift", 5, 5, "gift:a")),
        ("an_amount_has_the_sign_of_its_type", ("inference", 5, 5, "inference:a")),
        ("an_amount_has_the_sign_of_its_type", ("top_up", -5, 5, "top_up:a.corrected")),
        ("an_amount_has_the_sign_of_its_type", ("refund", -5, 5, "refund:a")),
        ("an_amount_has_the_sign_of_its_type", ("write_off", -5, 5, "write_off:a")),
    ],
)
def test_a_transaction_cannot_be_wrong(alice, rule, entry):
    with pytest.raises(IntegrityError, match=rule):
        sql(ENTRY, alice.pk, *entry)


def test_an_account_cannot_go_while_it_has_a_history(alice):
    with as_owner(), pytest.raises(IntegrityError):
        sql("DELETE FROM credits_creditaccount")


@pytest.mark.parametrize(
    "rewriting", ["UPDATE credits_credittransaction SET reason = 'better'", "DELETE FROM credits_credittransaction"]
)
def test_history_cannot_be_rewritten(alice, rewriting):
    with as_owner(), pytest.raises(DatabaseError, match="append-only; post a correcting transaction instead"):
        sql(rewriting)
    assert CreditTransaction.objects.get().reason == "Her first money"


def test_a_hold_is_at_least_one_cent(alice):
    with pytest.raises(IntegrityError, match="a_hold_is_at_least_one_cent"):
        Hold.objects.create(completion_id="a", account_id=alice.pk, cents=0, process="p")


def test_created_at_follows_the_order_of_ids_within_one_database_transaction(alice):
    for n in range(3):
        sql(ENTRY, alice.pk, "top_up", 1, 1001 + n, f"top_up:{n}")
    times = list(CreditTransaction.objects.order_by("id").values_list("created_at", flat=True))
    assert times == sorted(set(times))
