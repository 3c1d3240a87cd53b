"""A superuser stays, whatever way one is taken away, and however many are taken away at once."""

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import User
from tests.accounts.attacks.forms import act

RULE = "the last active superuser stays"
GONE = ("is_active = false", "is_staff = false", "is_superuser = false")


def sql(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("change", GONE)
def test_the_last_one_stays(sam: User, change: str) -> None:
    with pytest.raises(IntegrityError, match=RULE):
        sql(f"UPDATE accounts_user SET {change}")
    with pytest.raises(IntegrityError, match=RULE):
        sql("DELETE FROM accounts_user")


@pytest.mark.parametrize("change", GONE)
def test_one_of_two_may_go_and_both_may_not(sam: User, change: str) -> None:
    User.objects.create_superuser("grace@example.org")
    with pytest.raises(IntegrityError, match=RULE):
        sql(f"UPDATE accounts_user SET {change}")
    sql(f"UPDATE accounts_user SET {change} WHERE email = 'grace@example.org'")
    assert User.objects.filter(is_active=True, is_staff=True, is_superuser=True).get() == sam


def test_one_who_is_shut_out_does_not_count(sam: User) -> None:
    User.objects.create_superuser("grace@example.org", is_active=False)
    with pytest.raises(IntegrityError, match=RULE):
        sql(f"UPDATE accounts_user SET is_active = false WHERE id = {sam.pk}")


@pytest.mark.django_db(transaction=True)
def test_two_who_shut_each_other_out_at_once_do_not_both(sam: User) -> None:
    grace, both, said = User.objects.create_superuser("grace@example.org"), threading.Barrier(2), []

    def shut_out(user: User) -> None:
        try:
            with transaction.atomic():
                both.wait()
                User.objects.filter(pk=user.pk).update(is_active=False)
        except IntegrityError as error:
            said.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=shut_out, args=[user]) for user in (sam, grace)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 1 and RULE in said[0]
    assert User.objects.filter(is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_admin_says_so_instead_of_failing(sam: User, at_admin: Any) -> None:
    """The page was loaded by somebody who is no superuser any more by the time it is sent."""
    grace = User.objects.create_superuser("grace@example.org")
    client: Client = at_admin(grace)

    def demoted(execute: Any, statement: str, *rest: Any) -> Any:
        if statement.startswith("UPDATE") and "accounts_user" in statement:
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"UPDATE accounts_user SET is_superuser = false WHERE id = {grace.pk}")
        return execute(statement, *rest)

    with connection.execute_wrapper(demoted):
        answer = act(client, "/admin/accounts/user/", "deactivate", sam)
    assert "one active superuser has to stay" in answer.content.decode()
    assert User.objects.get(pk=sam.pk).is_active
