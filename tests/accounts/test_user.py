import pytest
from django.db import IntegrityError, connection

from accounts.models import User


def test_an_email_is_one_account_however_it_is_spelled(alice: User) -> None:
    assert User.objects.get(email="ALICE@Example.org") == alice
    with pytest.raises(IntegrityError):
        User.objects.create_user("Alice@Example.ORG")


def test_many_users_may_have_no_email(db: None) -> None:
    assert [User.objects.create_user().email, User.objects.create_user("").email] == [None, None]


def test_the_database_itself_refuses_capitals_in_an_email(alice: User) -> None:
    with pytest.raises(IntegrityError, match="email_is_in_lower_case"), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET email = 'Alice@example.org' WHERE id = %s", [alice.pk])


def test_a_user_without_email_or_name_has_a_name_to_show(db: None) -> None:
    user = User.objects.create_user()
    assert str(user) == user.display_name == f"user {user.pk}"
