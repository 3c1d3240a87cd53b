"""The big database in small: it must be one that the ledger could have written."""

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import User
from credits import audit, ledger
from credits.models import CreditAccount, CreditTransaction
from inference import catalog
from inference.management.filling import tables
from inference.models import ChatModel, Completion
from inference.reporting import audit as charges


@pytest.fixture
def filled(transactional_db):
    catalog.forget()
    call_command("fill_books", accounts=40, transactions=3000, days=20)


def rules():
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint""")
        return {row for (row,) in cursor.fetchall()}


def test_the_audit_finds_nothing(filled):
    assert [*audit.faults(), *charges.faults()] == []


def test_there_is_what_was_asked_for(filled):
    assert (User.objects.count(), CreditAccount.objects.count(), CreditTransaction.objects.count()) == (40, 40, 3000)
    assert set(CreditTransaction.objects.values_list("type", flat=True)) >= {"top_up", "inference"}
    assert set(Completion.objects.values_list("settlement", flat=True)) >= {"exact", "estimated", "none"}
    assert Completion.objects.values("model").distinct().count() == ChatModel.objects.count()


def test_the_busiest_account_makes_as_much_as_was_said(transactional_db):
    call_command("fill_books", accounts=20, transactions=400, days=1, busiest=70)
    assert Completion.objects.filter(user=1).count() > 0.6 * Completion.objects.count()
    assert [*audit.faults(), *charges.faults()] == []


def test_what_a_chunk_breaks_is_raised(transactional_db):
    with pytest.raises(psycopg.DataError), transaction.atomic(), tables.Copying() as copying:
        copying.add([("accounts_user", ("id",), ["no number\n"])])


def test_dates_rise_with_ids(filled):
    moments = list(CreditTransaction.objects.order_by("id").values_list("created_at", flat=True))
    assert moments == sorted(moments)
    assert 18 < (moments[-1] - moments[0]).days <= 20


def test_indexes_and_constraints_are_as_before(transactional_db):
    before = rules()
    call_command("fill_books", accounts=5, transactions=20, days=1)
    assert rules() == before


def test_the_ledger_goes_on_from_there(filled):
    user = User.objects.get(pk=7)
    ledger.top_up(user=user, cents=5, reference="more", reason="More", by=None)
    User.objects.create_user(email="next@example.org")


def test_only_an_empty_database_is_filled(filled):
    with pytest.raises(CommandError, match="has users"):
        call_command("fill_books", accounts=5, transactions=20, days=1)
