"""Setting a second factor up, and taking it away, is its owner's alone."""

import re
import time

import pytest
from django.core import mail
from django.test import Client

from accounts import reauthentication, second_factor
from accounts.models import Passkey, User
from accounts.second_factor import recovery, totp
from tests.accounts.attacks.conftest import PASSWORD, browser
from tests.accounts.attacks.second_steps import APP, CODES, PASSKEY, REMOVE, aged, signed_in, with_passkey
from tests.second_factors import code_of, give_app


def test_setting_up_an_app_shows_its_secret_and_then_the_codes_once(carol: User) -> None:
    client = browser(carol)
    page = client.get(APP).content.decode()
    secret = re.findall(r'id="totp-secret">(\w+)<', page)[0]
    assert "<svg" in page and client.post(APP, {"code": "000000"}).status_code == 400
    assert not second_factor.is_set_up(carol)
    code = code_of(secret)
    answer = client.post(APP, {"code": code})
    codes = re.findall(r"\b(?:[a-z2-7]{4}-){3}[a-z2-7]{4}\b", client.get(answer["location"]).content.decode())
    assert len(set(codes)) == 10 and recovery.accepts(carol, codes[0])
    assert codes[0] not in client.get(CODES).content.decode()
    assert "authenticator app was set up" in mail.outbox[-1].body
    assert not totp.accepts(carol, code)  # it is used


@pytest.mark.parametrize("path", [APP, PASSKEY])
def test_nobody_adds_one_in_a_browser_that_was_left_open(carol: User, path: str) -> None:
    client = browser(carol)
    aged(client)
    assert client.get(path)["location"] == f"/account/confirm?next={path.replace('/', '%2F')}"
    client.post("/account/confirm", {"password": "guess", "next": path})
    assert client.get(path).status_code == 302
    assert client.post("/account/confirm", {"password": PASSWORD, "next": path})["location"] == path
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", [APP, REMOVE, CODES])
def test_a_password_is_not_enough_to_change_the_one_there_is(carol: User, secret: str, path: str) -> None:
    client = signed_in(carol, secret)
    aged(client)
    client.post("/account/confirm", {"password": PASSWORD})
    assert client.post(path, {"app": "1"})["location"].startswith("/account/confirm?")
    client.post("/account/confirm", {"code": code_of(secret, 1)})
    assert not client.post(path, {"app": "1", "code": "x"}).get("location", "").startswith("/account/confirm?")


def test_confirming_leads_to_no_other_site(carol: User) -> None:
    answer = browser(carol).post("/account/confirm", {"password": PASSWORD, "next": "https://evil.example/"})
    assert answer["location"] == "/account"


def test_removing_it_tells_the_owner(carol: User, secret: str) -> None:
    client = signed_in(carol, secret)
    client.post(REMOVE, {"app": "1"})
    assert not second_factor.is_set_up(carol) and "app was removed" in mail.outbox[-1].body


def test_nobody_removes_anothers_passkey(carol: User, bob: User) -> None:
    with_passkey(carol)
    secret = give_app(bob)
    bob.set_password(PASSWORD)
    bob.save()
    signed_in(bob, secret).post(REMOVE, {"passkey": Passkey.objects.get().pk})
    assert Passkey.objects.count() == 1


def test_codes_shown_to_one_user_are_not_shown_to_the_next_in_that_browser(carol: User, bob: User) -> None:
    client, _ = with_passkey(carol)
    kept = client.cookies["recovery_codes"].value
    other = Client()
    other.force_login(bob)
    other.cookies["recovery_codes"] = kept
    assert re.search(r"[a-z2-7]{4}-[a-z2-7]{4}-", client.get(CODES).content.decode())
    session = other.session
    session["proofs"] = {"link": time.time()}
    session.save()
    assert not re.search(r"[a-z2-7]{4}-[a-z2-7]{4}-", other.get(CODES).content.decode())


def test_reauthentication_takes_either(carol: User, secret: str) -> None:
    request = signed_in(carol, secret).get("/account").wsgi_request
    assert reauthentication.last(request, reauthentication.PASSWORD)
    assert reauthentication.last(request, reauthentication.SECOND_FACTOR)
