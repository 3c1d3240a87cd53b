"""Whoever signed up under somebody's address gets no further tries at that person's password, and locks nobody out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from accounts import limits
from accounts.models import Attempts, SignInPlace, TotpApp, User
from conway.common import outbox as background_mail
from tests.accounts.attacks.conftest import NEW, PASSWORD, api, browser, sign_up

HOME, EVIL, EVILS = "203.0.113.7", "198.51.100.9", "the squatter's own phrase"


def sign_in(email: str, password: str = PASSWORD, at: str = EVIL) -> int:
    return api(Client(REMOTE_ADDR=at), "auth/token", {"email": email, "password": password}).status_code


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two guesses by a network, and two at an account, where nobody is at home."""
    for kind in ("sign-in-network", "sign-in-account"):
        monkeypatch.setitem(limits.LIMITS, kind, replace(limits.LIMITS[kind], most=2))


@pytest.fixture
def squatter(carol: User) -> User:
    """Has signed up under carol's address, and signs in with a password of their own."""
    sign_up(Client(REMOTE_ADDR=EVIL), str(carol.email), EVILS)
    assert sign_in(str(carol.email), EVILS) == 200
    return User.objects.get(claimed_email=carol.email)


def test_signing_in_as_oneself_forgives_no_guess_at_somebody_elses_password(carol: User, squatter: User) -> None:
    tried = []
    for _ in range(6):
        tried += [sign_in(str(carol.email), "guess"), sign_in(str(carol.email), "guess")]
        sign_in(str(carol.email), EVILS)
    assert tried == [401] * 10 + [429] * 2


def test_it_makes_no_network_one_of_the_owners(carol: User, squatter: User, few: None) -> None:
    assert [sign_in(str(carol.email), "guess") for _ in range(4)] == [401] * 4  # by now only at their own password
    assert sign_in(str(carol.email)) == 401  # it is right, and was not looked at
    assert sign_in(str(carol.email), EVILS) == 200


def test_the_owner_does_not_notice(carol: User, squatter: User, few: None) -> None:
    assert sign_in(str(carol.email), at=HOME) == 200
    for number in range(5):
        sign_in(str(carol.email), "guess", at=f"10.0.{number}.1")
    assert sign_in(str(carol.email), at="10.1.0.1") == 429
    assert [sign_in(str(carol.email), at=HOME), sign_in(str(carol.email), EVILS)] == [200, 200]


def answers(email: str) -> list[int]:
    """Of a stranger who signs up, signs in, and guesses."""
    sign_up(Client(REMOTE_ADDR=EVIL), email, EVILS)
    tries = [EVILS, "guess", "guess", EVILS, *["guess"] * 9, EVILS, "guess", EVILS]
    return [sign_in(email, password) for password in tries] + [sign_in(email, "guess", at="10.0.0.1")]


@pytest.mark.parametrize("are_few", [False, True])
def test_no_answer_tells_whether_the_address_is_a_customers(
    carol: User, are_few: bool, request: pytest.FixtureRequest
) -> None:
    if are_few:
        request.getfixturevalue("few")
    told = answers(str(carol.email))
    Attempts.objects.all().delete()
    assert told == answers("nobody@example.org")


def test_an_unproven_user_is_locked_out_by_no_stranger(db: None, few: None) -> None:
    """Four others sign up under the same address later, and guess from everywhere."""
    sign_up(Client(REMOTE_ADDR=HOME), "dora@example.org")
    for number in range(4):
        sign_up(Client(REMOTE_ADDR=f"10.0.{number}.1"), "dora@example.org", EVILS)
        sign_in("dora@example.org", "guess", at=f"10.0.{number}.1")
    assert sign_in("dora@example.org", at=HOME) == 200


@pytest.mark.django_db(transaction=True)  # the mail's thread sees what is committed
def test_a_reset_of_ones_own_password_unlocks_nobody_elses_account(
    carol: User, bob: User, last_link: Callable[[], str], few: None
) -> None:
    mallory = Client()
    bob.set_password(PASSWORD)
    bob.save()
    bob.prove("bob@example.org")
    browser(bob, REMOTE_ADDR=EVIL).post("/account/email", {"email": carol.email, "password": PASSWORD})
    for number in range(3):
        locked = sign_in(str(carol.email), "guess", at=f"10.0.{number}.1")
    mallory.post("/password/reset", {"email": bob.email})
    assert background_mail.rest(seconds=30)
    form: Any = mallory.get(last_link()).headers["location"]
    assert mallory.post(form, {"new_password1": NEW, "new_password2": NEW}).status_code == 302
    assert (locked, sign_in(str(carol.email), "guess", at="10.0.9.1")) == (429, 429)


def test_whoever_signed_up_last_signs_in_from_a_new_network() -> None:
    for number in range(4):
        claim = User.objects.create_user(password=f"phrase number {number}")
        User.objects.filter(pk=claim.pk).update(claimed_email="many@example.org")
    assert sign_in("many@example.org", "phrase number 3", at="192.0.2.44") == 200


def test_a_password_alone_makes_nobody_at_home_where_there_is_a_second_factor(carol: User) -> None:
    TotpApp.objects.create(user=carol, sealed_secret="any", last_step=0)
    assert sign_in(str(carol.email)) == 401
    assert not SignInPlace.objects.filter(user=carol).exists()
