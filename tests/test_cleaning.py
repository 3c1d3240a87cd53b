import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection

from accounts.models import User
from credits.models import CreditTransaction
from tests import cleaning

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_a_test_booked_is_gone_and_what_migrations_made_is_as_it_was(alice: User) -> None:
    permissions, groups = set(Permission.objects.values_list()), set(Group.objects.values_list())
    Group.objects.all().delete()
    Permission.objects.filter(codename="add_user").update(name="Somebody else's")
    cleaning.empty_touched_tables()
    assert not User.objects.exists() and not CreditTransaction.objects.exists()
    assert (set(Permission.objects.values_list()), set(Group.objects.values_list())) == (permissions, groups)


def test_the_rules_of_the_database_hold_again_afterwards(alice: User) -> None:
    cleaning.empty_touched_tables()
    with connection.cursor() as cursor:
        cursor.execute("SHOW session_replication_role")
        assert cursor.fetchone() == ("origin",)


def test_many_rows_are_truncated(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "FEW_BYTES", 0)
    monkeypatch.setattr(cleaning, "deletion", lambda tables: pytest.fail("they were deleted"))
    cleaning.empty_touched_tables()
    assert not User.objects.exists()
