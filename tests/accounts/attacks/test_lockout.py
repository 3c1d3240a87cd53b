"""Guessing is limited, and the limits lock nobody out who did not guess."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts import access_tokens, addresses, hashers, limits, lockout
from accounts.models import Attempts, BrowserSession, Nonce, RefreshToken, SignInLink, User
from accounts.models.attempts import SignInPlace
from conway.common import outbox as background_mail
from tests.accounts.attacks.conftest import PASSWORD, api, browser, sign_up

ROOT = Path(limits.__file__).parents[1]
PROXY, HOME, ELSEWHERE = "127.0.0.1", "203.0.113.7", "198.51.100.9"
Few = Callable[..., None]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Few:
    def few(**most: int) -> None:
        for kind, number in most.items():
            name = kind.replace("_", "-")
            monkeypatch.setitem(limits.LIMITS, name, replace(limits.LIMITS[name], most=number))

    return few


def sign_in(email: str, password: str = PASSWORD, **meta: str) -> int:
    return api(Client(**meta), "auth/token", {"email": email, "password": password}).status_code


def test_ten_guesses_of_a_stranger_behind_the_proxy_do_not_lock_the_owner_out(carol: User, settings: Any) -> None:
    settings.CONWAY_TRUSTED_PROXIES = [PROXY]
    for _ in range(11):
        refused = sign_in(carol.email, "guess", REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=ELSEWHERE)
    assert refused == 429
    assert sign_in(carol.email, REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=HOME) == 200


def test_a_forged_header_gives_no_further_tries(carol: User, settings: Any) -> None:
    settings.CONWAY_TRUSTED_PROXIES = [PROXY]
    for number in range(11):
        forged = f"9.9.{number}.9, {ELSEWHERE}"
        refused = sign_in(carol.email, "guess", REMOTE_ADDR=PROXY, HTTP_X_FORWARDED_FOR=forged)
    assert refused == 429


@pytest.mark.parametrize("neighbour", ["198.51.100.{}", "2001:db8:0:{:x}::1", "::ffff:198.51.100.{}"])
def test_neighbours_in_a_network_share_their_tries(carol: User, neighbour: str) -> None:
    """An IPv6 customer has up to 256 networks of 2^64 addresses."""
    answers = [sign_in(carol.email, "guess", REMOTE_ADDR=neighbour.format(number * 23)) for number in range(11)]
    assert answers == [401] * 10 + [429]


def test_a_spray_over_many_addresses_ends_but_not_for_whom_the_network_is_home(carol: User, few: Few) -> None:
    assert sign_in(carol.email, REMOTE_ADDR=HOME) == 200
    few(sign_in_network=5)
    answers = [sign_in(f"victim{number}@example.org", "Password1", REMOTE_ADDR=HOME) for number in range(7)]
    assert answers == [401] * 5 + [429] * 2
    assert sign_in(carol.email, REMOTE_ADDR=HOME) == 200


def test_guesses_from_everywhere_end_but_not_where_the_account_has_signed_in(carol: User, few: Few) -> None:
    assert sign_in(carol.email, REMOTE_ADDR=HOME) == 200
    few(sign_in_account=5)
    answers = [sign_in(carol.email, "guess", REMOTE_ADDR=f"10.0.{number}.1") for number in range(7)]
    assert answers == [401] * 5 + [429] * 2
    assert sign_in(carol.email, REMOTE_ADDR="10.1.0.1") == 429
    assert sign_in(carol.email, REMOTE_ADDR=HOME) == 200


def test_success_counts_for_nothing(carol: User, few: Few) -> None:
    few(sign_in_network=3, sign_in_account=3)
    assert [sign_in(carol.email, REMOTE_ADDR=HOME) for _ in range(5)] == [200] * 5


def test_of_thirty_guesses_at_once_ten_are_tried(transactional_db: None, carol: User) -> None:
    def guess(_: int) -> int:
        try:
            return sign_in(carol.email, "guess")
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(guess, range(30)))
    assert (answers.count(401), answers.count(429)) == (10, 20)


def test_the_admins_door_has_the_same_limits(carol: User) -> None:
    answer = Client().post("/admin/login/", {"username": carol.email, "password": PASSWORD})
    assert answer["location"] == "/sign-in?next=%2Fadmin%2F"  # it looks at no password itself
    for _ in range(11):
        page = Client().post(answer["location"], {"username": carol.email, "password": "guess"})
    assert page.status_code == 429 and "Try again later" in page.content.decode()


@pytest.mark.parametrize("page", ["/password/change", "/account/email"])
def test_an_open_browser_is_no_place_to_guess_either(carol: User, page: str) -> None:
    client = browser(carol)
    guess = {"old_password": "guess", "password": "guess", "email": "new@example.org"}
    answers = [client.post(page, guess).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    carol.refresh_from_db()
    assert carol.claimed_email is None and carol.check_password(PASSWORD)


def test_the_admins_own_page_for_a_password_is_that_one(sam: User, at_admin: Any) -> None:
    guess = {"old_password": "guess", "new_password1": PASSWORD, "new_password2": PASSWORD}
    assert at_admin(sam).post("/admin/password_change/", guess)["location"] == "/password/change"


def test_unlocking_lets_the_owner_in_at_once(carol: User, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(11):
        sign_in(carol.email, "guess")
    assert lockout.is_locked(carol) and sign_in(carol.email) == 429
    call_command("unlock", "Carol@example.org")
    assert not lockout.is_locked(carol) and sign_in(carol.email) == 200
    with pytest.raises(CommandError, match="no user"):
        call_command("unlock", "nobody@example.org")


# Somebody else's processor


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch, settings: Any, carol: User) -> Any:
    """All passwords that may be hashed at once are being hashed."""
    settings.PASSWORD_HASHERS = ["accounts.hashers.BoundedPBKDF2"]
    monkeypatch.setattr(hashers.BoundedPBKDF2, "iterations", 10)  # how long one takes is not what is looked at
    carol.set_password(PASSWORD)
    carol.save()
    monkeypatch.setattr(hashers, "WAIT_SECONDS", 0.01)
    slots = threading.BoundedSemaphore(1)
    monkeypatch.setattr(hashers, "_slots", slots)
    slots.acquire()
    return slots


def test_a_flood_of_sign_ins_is_refused_quickly(busy: Any, carol: User) -> None:
    answer = api(Client(), "auth/token", {"email": carol.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["error"]["code"], answer["retry-after"]) == (503, "busy", "2")


def test_so_it_is_on_pages(busy: Any, carol: User) -> None:
    answer = Client().post("/sign-in", {"username": carol.email, "password": PASSWORD})
    assert answer.status_code == 503 and "try again" in answer.content.decode()


def test_signing_up_waits_its_turn_too(busy: Any) -> None:
    assert sign_up(Client(), "new@example.org").status_code == 503
    assert not User.objects.filter(claimed_email="new@example.org").exists()


def test_nobody_is_locked_out_by_a_flood(busy: Any, carol: User) -> None:
    for _ in range(12):
        assert sign_in(carol.email) == 503
    busy.release()
    assert sign_in(carol.email) == 200


# Whatever else a stranger may ask for


def test_accounts_are_made_by_tens_not_thousands(db: None, few: Few) -> None:
    few(sign_up=2)
    answers = [sign_up(Client(), f"new{number}@example.org").status_code for number in range(3)]
    assert answers == [302, 302, 429] and User.objects.count() == 2


@pytest.mark.django_db(transaction=True)  # the mail's thread sees what is committed
def test_a_mailbox_is_not_flooded_and_the_page_says_nothing_of_it(carol: User, few: Few) -> None:
    few(mail_to=2)
    places = [Client().post("/password/reset", {"email": carol.email}).headers["location"] for _ in range(4)]
    assert background_mail.rest(seconds=30)
    assert places == ["/password/reset/sent"] * 4 and len(mail.outbox) == 2


@pytest.mark.django_db(transaction=True)  # the mail's thread sees what is committed
def test_nor_are_many_from_one_network(carol: User, few: Few) -> None:
    few(mail=2)
    answers = [Client().post("/password/reset", {"email": f"{n}@example.org"}).status_code for n in range(3)]
    assert background_mail.rest(seconds=30)
    assert answers == [302, 302, 429]


def test_nonces_and_sign_in_links_end(carol: User, few: Few) -> None:
    few(nonce=2, sign_in_link=2)
    jwt = access_tokens.pair(carol)["access_token"]
    assert [api(Client(), "auth/nonce").status_code for _ in range(3)] == [200, 200, 429]
    assert [api(Client(), "auth/sign-in-link", auth=jwt).status_code for _ in range(3)] == [201, 201, 429]


def test_every_limit_can_be_met() -> None:
    """A row of the table that nobody counts against would be a promise nobody keeps."""
    sources = [path.read_text() for app in ("accounts", "inference") for path in ROOT.glob(f"{app}/**/*.py")]
    for kind in limits.LIMITS:
        assert any(f'("{kind}"' in source for source in sources), kind


def test_counts_begin_anew_with_their_window(db: None) -> None:
    assert [Attempts.add("a", timedelta(minutes=1)).number for _ in range(3)] == [1, 2, 3]
    Attempts.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert Attempts.add("a", timedelta(minutes=1)).number == 1


def test_dead_counts_do_not_pile_up(db: None) -> None:
    for number in range(150):
        Attempts.add("a", timedelta(minutes=-1), account=str(number))
    assert Attempts.objects.count() < 110


def test_what_is_over_is_pruned_and_nothing_else(carol: User, capsys: pytest.CaptureFixture[str]) -> None:
    client, past = browser(carol), timezone.now() - timedelta(days=200)
    for _ in range(2):
        SignInLink.issue(carol)
        RefreshToken.issue(carol)
        Nonce.issue()
        browser(carol, REMOTE_ADDR=HOME)
        Attempts.add("a", timedelta(minutes=1), account=str(_))
    for model, column in PRUNED.items():
        model.objects.filter(pk=model.objects.order_by("pk").first().pk).update(**{column: past})
    before = {model: model.objects.count() for model in PRUNED}
    call_command("prune_accounts")
    assert {model: model.objects.count() for model in PRUNED} == {model: n - 1 for model, n in before.items()}
    assert "sessions: 1" in capsys.readouterr().out and client


PRUNED = {
    BrowserSession: "expire_date",
    Nonce: "expires_at",
    Attempts: "ends_at",
    SignInLink: "expires_at",
    RefreshToken: "expires_at",
    SignInPlace: "seen_at",
}


# Addresses


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "1.2.3.4", "203.0.113.7"),  # nobody's proxy
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:10.0.0.1", "1.2.3.4:5678", "1.2.3.4"),
        ("", "1.2.3.4", ""),
        ("fd00::1", "10.0.0.9,10.0.0.8", "10.0.0.9"),
    ],
)
def test_the_client_is_read_from_the_right(settings: Any, remote: str, forwarded: str, client: str) -> None:
    settings.CONWAY_TRUSTED_PROXIES = ["10.0.0.0/8", "fd00::/8"]
    assert addresses.resolved(remote, forwarded) == client


@given(st.text(max_size=60), st.text(max_size=200))
def test_no_header_is_a_traceback(remote: str, forwarded: str) -> None:
    found = addresses.resolved(remote, forwarded)
    assert not found or addresses.network_of(found)
