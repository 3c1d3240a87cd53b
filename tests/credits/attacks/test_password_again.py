"""A browser that was left alone moves no money: the password is asked for again after a quarter of an hour."""

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from accounts import reauthentication
from accounts.models import Attempts, SignInLink, User
from credits.models import CreditTransaction, MoveRequest
from tests.credits.attacks.conftest import ADJUST, REFUND, TOP_UP, confirmed, filled, text_of
from tests.credits.ledger_driver import books_of, buy
from tests.second_factors import code_of, give_app

pytestmark = pytest.mark.django_db(transaction=True)


def age(client: Client, minutes: float) -> None:
    session = client.session
    proofs = session[reauthentication.PROOFS]
    session[reauthentication.PROOFS] = {name: at - minutes * 60 for name, at in proofs.items()}
    session.save()


@pytest.mark.parametrize("path", [TOP_UP, ADJUST, REFUND])
def test_nothing_moves_without_it(admin, alice, run, path):
    form = {"user": alice.pk, "charge": run(buy(alice, 300)), "amount": "1.00"}
    age(admin, 15.1)
    answer = text_of(confirmed(admin, path, **form))
    assert "Your password" in answer and "not your password" not in answer
    assert books_of(alice) == (700, 0)


def test_a_quarter_of_an_hour_is_not_asked_about(admin, bob):
    age(admin, 14.5)
    assert "Your password" not in text_of(admin.post(TOP_UP, filled(admin, user=bob.pk, amount="5")))
    assert "Topped up" in text_of(confirmed(admin, user=bob.pk, amount="5"))


def test_with_it_money_moves_and_the_next_time_it_is_not_asked(admin, bob):
    age(admin, 60)
    assert "Topped up" in text_of(confirmed(admin, user=bob.pk, amount="5", password="carol's password"))
    assert "Topped up" in text_of(confirmed(admin, user=bob.pk, amount="5", payment="INV-8"))
    assert books_of(bob) == (1000, 0)


@pytest.mark.parametrize("password", ["dave's password", "", " ", "x" * 5000, "carol's password\x00"])
def test_another_password_moves_nothing_and_is_not_sent_back(admin, dave, bob, password):
    age(admin, 60)
    answer = text_of(confirmed(admin, user=bob.pk, amount="5", password=password))
    assert books_of(bob) == (0, 0) and "dave's password" not in answer
    assert "Your password" in answer


def test_a_hash_that_is_renewed_meanwhile_signs_nobody_out(carol, bob, at_admin, settings):
    carol.password = PBKDF2PasswordHasher().encode("carol's password", "salt", iterations=10)
    carol.save()
    settings.PASSWORD_HASHERS = [*settings.PASSWORD_HASHERS, "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    admin = at_admin(carol)
    age(admin, 60)
    confirmed(admin, user=bob.pk, amount="5", password="carol's password")
    assert not User.objects.get(pk=carol.pk).password.startswith("pbkdf2")
    assert "Topped up" in text_of(confirmed(admin, user=bob.pk, amount="5", payment="INV-8"))


def test_guessing_here_locks_out_like_a_sign_in(admin, bob):
    age(admin, 60)
    for _ in range(10):
        confirmed(admin, user=bob.pk, amount="5", password="guess")
    assert Attempts.objects.get(kind="re-entry").count == 10
    confirmed(admin, user=bob.pk, amount="5", password="carol's password")
    assert books_of(bob) == (0, 0)


def test_a_sign_in_link_is_no_password(carol, bob):
    client, (_, secret) = Client(), SignInLink.issue(carol)
    client.post(f"/sign-in/link/{secret}")
    assert client.session["_auth_user_id"] == str(carol.pk)
    assert "Your password" in text_of(confirmed(client, user=bob.pk, amount="5"))
    assert not CreditTransaction.objects.exists()


def test_a_sign_in_page_is_one(carol, bob):
    client = Client()
    client.post("/sign-in", {"username": carol.email, "password": "carol's password"})
    assert "Topped up" in text_of(confirmed(client, user=bob.pk, amount="5"))


def test_the_second_person_is_asked_too(admin, daves, bob, ceilings):
    confirmed(admin, user=bob.pk, amount="500")
    decide, page = "/admin/credits/moverequest/{}/decide/", "/admin/credits/moverequest/{}/change/"
    asked = MoveRequest.objects.get().pk
    age(daves, 60)
    assert "Your password" in text_of(daves.get(page.format(asked)))
    daves.post(decide.format(asked), {"decision": "approve"})
    daves.post(decide.format(asked), {"decision": "approve", "password": "carol's password"})
    assert books_of(bob) == (0, 0)
    daves.post(decide.format(asked), {"decision": "approve", "password": "dave's password"})
    assert books_of(bob) == (50_000, 0)


def test_a_code_of_an_app_is_as_good_as_the_password(carol, admin, bob):
    code = code_of(give_app(carol))
    age(admin, 60)
    confirmed(admin, user=bob.pk, amount="5", code="000000")
    assert books_of(bob) == (0, 0)
    assert "Topped up" in text_of(confirmed(admin, user=bob.pk, amount="5", code=code))
    age(admin, 60)
    confirmed(admin, user=bob.pk, amount="5", payment="INV-8", code=code)
    assert books_of(bob) == (500, 0)
