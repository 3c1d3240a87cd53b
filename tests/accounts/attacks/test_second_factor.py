"""A password alone opens nothing of whoever has a second factor, and no admin where one is required."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import links, reauthentication, second_factor
from accounts.models import Attempts, BrowserSession, Passkey, RecoveryCode, SignInLink, TotpApp, User
from accounts.second_factor import recovery, totp
from tests.accounts.attacks.conftest import NEW, PASSWORD, api, browser, is_signed_in
from tests.second_factors import SoftPasskey, code_of, give_app, within_one_step

STEP, SITE = "/sign-in/second-step", "http://testserver"
PAGE, APP, PASSKEY = "/account/second-factor", "/account/second-factor/app", "/account/second-factor/passkey"
REMOVE, CODES = "/account/second-factor/remove", "/account/second-factor/codes"


@pytest.fixture
def secret(carol: User) -> str:
    return give_app(carol)


def with_password(user: User, password: str = PASSWORD) -> Client:
    client = Client()
    client.post("/sign-in", {"username": user.typed_email, "password": password})
    return client


def signed_in(user: User, secret: str, steps: int = 0) -> Client:
    client = with_password(user)
    assert client.post(STEP, {"code": code_of(secret, steps)}).status_code == 302
    return client


def options_on(client: Client, path: str) -> Any:
    page = client.get(path).content.decode()
    return json.loads(re.findall(r'<script id="passkey-options" type="application/json">(.*?)</script>', page)[0])


# Signing in


def test_a_password_alone_signs_nobody_in(carol: User, secret: str) -> None:
    client = with_password(carol)
    assert not is_signed_in(client) and "One more step" in client.get(STEP).content.decode()
    client.post(STEP, {"code": code_of(secret)})
    assert is_signed_in(client)


def test_nor_does_a_link_for_one_use(carol: User, secret: str) -> None:
    client = Client()
    assert client.post(f"/sign-in/link/{SignInLink.issue(carol)[1]}")["location"] == STEP
    assert not is_signed_in(client)


def test_nor_does_a_mailed_link(carol: User, secret: str) -> None:
    User.objects.filter(pk=carol.pk).update(email_proven_at=None)
    carol.refresh_from_db()
    client = Client()
    answer = client.post(links.path(carol), {"new_password1": NEW, "new_password2": NEW})
    assert answer["location"] == STEP and not is_signed_in(client)


def test_nor_does_the_api_give_tokens(carol: User, secret: str) -> None:
    form = {"email": carol.email, "password": PASSWORD}
    told = [
        api(Client(), "auth/token", {**form, **more}).json()
        for more in ({}, {"code": "000000"}, {"code": code_of(secret)})
    ]
    assert [body["error"]["code"] for body in told[:2]] == ["second_factor_required", "invalid_code"]
    assert "access_token" in told[2]


def test_a_new_password_ends_the_wait_between_the_two(carol: User, secret: str) -> None:
    client = with_password(carol)
    carol.set_password(NEW)
    carol.save()
    assert client.post(STEP, {"code": code_of(secret)})["location"] == "/sign-in"
    assert not is_signed_in(client)


def test_the_wait_ends_after_ten_minutes(carol: User, secret: str) -> None:
    client = with_password(carol)
    session = client.session
    session["waiting"] = {**session["waiting"], "since": time.time() - 601}
    session.save()
    client.post(STEP, {"code": code_of(secret)})
    assert not is_signed_in(client)


def test_who_was_signed_in_before_is_not_who_waits(carol: User, secret: str, sam: User) -> None:
    client = Client()
    client.force_login(sam)
    client.post(f"/sign-in/link/{SignInLink.issue(carol)[1]}")
    assert not is_signed_in(client)


# Codes


def test_a_code_works_once(carol: User, secret: str) -> None:
    client, again, code = with_password(carol), with_password(carol), code_of(secret)
    assert [client.post(STEP, {"code": code}).status_code, again.post(STEP, {"code": code}).status_code] == [302, 400]
    assert is_signed_in(client) and not is_signed_in(again)


def test_nor_does_an_older_one_after_it(carol: User, secret: str) -> None:
    signed_in(carol, secret, steps=1)
    assert not totp.accepts(carol, code_of(secret)) and not totp.accepts(carol, code_of(secret, -1))


@pytest.mark.parametrize("steps", [-3, 2])
def test_codes_of_another_time_are_refused(carol: User, secret: str, steps: int) -> None:
    assert not within_one_step(lambda: totp.accepts(carol, code_of(secret, steps)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["totp", "recovery"])
def test_of_many_at_once_who_send_the_same_code_one_is_let_in(carol: User, secret: str, kind: str) -> None:
    code = code_of(secret) if kind == "totp" else recovery.issue(carol)[0]

    def send(_: int) -> bool:
        try:
            return (totp if kind == "totp" else recovery).accepts(carol, code)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(send, range(6))) == 1


def test_guesses_are_few(carol: User, secret: str) -> None:
    client = with_password(carol)
    answers = [client.post(STEP, {"code": "123456"}).status_code for _ in range(11)]
    assert answers == [400] * 10 + [429]
    assert client.post(STEP, {"code": code_of(secret)}).status_code == 429


def test_nor_are_they_many_from_many_networks(carol: User, secret: str) -> None:
    answers = []
    for network in range(5):
        client = with_password(carol)
        where = {"HTTP_X_FORWARDED_FOR": f"203.0.{network}.7"}
        answers += [client.post(STEP, {"code": "123456"}, **where).status_code for _ in range(9)]
    assert answers.count(400) == 30


def test_a_right_one_and_unlocking_forget_the_wrong_ones(carol: User, secret: str) -> None:
    client = with_password(carol)
    for _ in range(11):
        client.post(STEP, {"code": "123456"})
    call_command("unlock", "carol@example.org")
    assert client.post(STEP, {"code": code_of(secret)}).status_code == 302
    assert not Attempts.objects.filter(kind="second-factor").exists()


@pytest.mark.parametrize("code", ["", " ", "12345", "1234567", "١٢٣٤٥٦", "abcdef", "x" * 5000, "123456\x00", "-12345"])
def test_no_text_is_too_odd(carol: User, secret: str, code: str) -> None:
    assert with_password(carol).post(STEP, {"code": code}).status_code == 400


def test_the_database_shows_neither_secrets_nor_codes(carol: User, secret: str) -> None:
    code = recovery.issue(carol)[0]
    kept = TotpApp.objects.get(user=carol).sealed_secret
    digests = b"".join(bytes(row.digest) for row in RecoveryCode.objects.all())
    assert secret not in kept and recovery.plain(code).encode() not in digests


def test_a_rotated_secret_key_still_reads_them(carol: User, secret: str, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY, settings.CONWAY_SECOND_FACTOR_KEY = "another one, and long enough to sign", "and one for this"
    assert totp.accepts(carol, code_of(secret))


def test_a_lost_key_is_no_way_in_and_no_crash(carol: User, secret: str, settings: Any) -> None:
    settings.SECRET_KEY, settings.CONWAY_SECOND_FACTOR_KEY = "another one, and long enough to sign", "and one for this"
    assert not totp.accepts(carol, code_of(secret))


# Recovery codes


def test_a_recovery_code_works_once_and_its_owner_hears_of_it(carol: User, secret: str) -> None:
    code = recovery.issue(carol)[0]
    client, again = with_password(carol), with_password(carol)
    client.post(STEP, {"code": code.upper()})
    again.post(STEP, {"code": code})
    assert is_signed_in(client) and not is_signed_in(again)
    assert "9 are left" in mail.outbox[-1].body and mail.outbox[-1].to == [carol.email]


def test_nobody_uses_anothers(carol: User, secret: str, bob: User) -> None:
    assert not recovery.accepts(carol, recovery.issue(bob)[0])


# Passkeys


def with_passkey(carol: User) -> tuple[Client, SoftPasskey]:
    client, passkey = browser(carol), SoftPasskey(SITE, counter=5)
    answer = client.post(PASSKEY, {"name": "laptop", "passkey": passkey.made(options_on(client, PASSKEY))})
    assert answer["location"] == CODES and Passkey.objects.get().name == "laptop"
    return client, passkey


def test_a_passkey_signs_in(carol: User) -> None:
    _, passkey = with_passkey(carol)
    client = with_password(carol)
    assert not is_signed_in(client)
    client.post(STEP, {"passkey": passkey.shown(options_on(client, STEP))})
    assert is_signed_in(client)


@pytest.mark.parametrize("fault", ["origin", "key", "replay", "counter", "nonsense"])
def test_a_passkey_that_is_not_right_does_not(carol: User, fault: str) -> None:
    _, passkey = with_passkey(carol)
    client = with_password(carol)
    options = options_on(client, STEP)
    if fault == "origin":
        passkey.origin = "http://testserver.evil.example"
    if fault == "key":
        passkey.key = SoftPasskey(SITE).key
    if fault == "counter":
        passkey.counter = 3
    answer = '{"id": [[]], "rawId": 5}' if fault == "nonsense" else passkey.shown(options)
    if fault == "replay":
        client.post(STEP, {"passkey": "{}"})  # the challenge is used up
    assert client.post(STEP, {"passkey": answer}).status_code == 400
    assert not is_signed_in(client)


def test_one_that_is_somebody_elses_does_not(carol: User, bob: User, secret: str) -> None:
    _, passkey = with_passkey(carol) if TotpApp.objects.filter(user=carol).delete() else (None, SoftPasskey(SITE))
    give_app(bob)
    bob.set_password(PASSWORD)
    bob.save()
    client = with_password(bob)
    session = client.session
    session["passkey"] = {"challenge": "AAAA" * 11, "user_verification": "preferred"}
    session.save()
    asked = {"publicKey": {"rpId": "testserver", "challenge": b"\x00" * 33}}
    assert client.post(STEP, {"passkey": passkey.shown(asked)}).status_code == 400


# Setting it up and taking it away


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


def aged(client: Client) -> None:
    session = client.session
    session["proofs"] = {name: at - 3600 for name, at in session["proofs"].items()}
    session.save()


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


# The admin


@pytest.fixture
def required(settings: Any) -> None:
    settings.CONWAY_STAFF_SECOND_FACTOR = True


@pytest.fixture
def cashier(staff: Any) -> User:
    return staff("cashier")


def test_staff_without_one_set_it_up_before_they_work(required: None, cashier: User) -> None:
    client = browser(cashier, "cashier's password")
    way = [client.get("/admin/credits/creditaccount/")["location"]]
    for _ in range(2):
        way.append(client.get(way[-1])["location"])
    assert way[-1] == PAGE
    secret = re.findall(r'id="totp-secret">(\w+)<', client.get(APP).content.decode())[0]
    client.post(APP, {"code": code_of(secret)})
    assert client.get("/admin/credits/creditaccount/").status_code == 200


def test_a_session_from_before_has_to_show_it(required: None, cashier: User, at_admin: Any) -> None:
    client, secret = at_admin(cashier), give_app(cashier)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/account/confirm?")
    assert client.post("/account/confirm", {"code": code_of(secret), "next": "/admin/"})["location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_a_password_again_is_no_second_factor_at_the_admin(required: None, cashier: User, at_admin: Any) -> None:
    give_app(cashier)
    client = at_admin(cashier)
    client.post("/account/confirm", {"password": "cashier's password", "next": "/admin/"})
    assert client.get("/admin/").status_code == 302


def test_staff_do_not_take_their_last_one_away(required: None, cashier: User) -> None:
    secret = give_app(cashier)
    client = with_password(cashier, "cashier's password")
    client.post(STEP, {"code": code_of(secret)})
    client.post(REMOVE, {"app": "1"})
    assert second_factor.is_set_up(cashier)


def test_customers_are_not_asked(required: None, carol: User) -> None:
    assert is_signed_in(browser(carol)) and browser(carol).get("/admin/login/").status_code == 403


def test_a_superuser_resets_a_colleagues(cashier: User, sam: User, at_admin: Any) -> None:
    give_app(cashier)
    recovery.issue(cashier)
    theirs, page = at_admin(cashier), f"/admin/accounts/user/{cashier.pk}/"
    admin = at_admin(sam)
    assert "Reset second factor" in admin.get(f"{page}change/").content.decode()
    admin.post(f"{page}reset-second-factor/")
    assert not second_factor.is_set_up(cashier) and not RecoveryCode.objects.exists()
    assert not is_signed_in(theirs) and "was reset by staff" in mail.outbox[-1].body
    assert LogEntry.objects.get(user=sam).get_change_message() == "Reset the second factor of cashier@example.org"


def test_nobody_resets_their_own_nor_anybody_in_a_browser_left_open(cashier: User, sam: User, at_admin: Any) -> None:
    give_app(sam)
    give_app(cashier)
    admin = at_admin(sam)
    assert admin.post(f"/admin/accounts/user/{sam.pk}/reset-second-factor/").status_code == 403
    aged(admin)
    answer = admin.post(f"/admin/accounts/user/{cashier.pk}/reset-second-factor/")
    assert answer["location"].startswith("/account/confirm?") and TotpApp.objects.count() == 2


def test_a_command_resets_that_of_the_last_superuser(sam: User) -> None:
    give_app(sam)
    call_command("reset_second_factor", "sam@example.org")
    assert not second_factor.is_set_up(sam)
    with pytest.raises(CommandError, match="no user"):
        call_command("reset_second_factor", "sam@example.org")


# A browser left alone


@pytest.mark.parametrize("column, hours", [("seen_at", 1.1), ("began_at", 24.1)])
def test_a_session_of_staff_ends_when_idle_and_after_a_day(
    cashier: User, carol: User, column: str, hours: float
) -> None:
    theirs, hers = browser(cashier, "cashier's password"), browser(carol)
    BrowserSession.objects.update(**{column: timezone.now() - timedelta(hours=hours)})
    assert not is_signed_in(theirs) and is_signed_in(hers)
    assert not BrowserSession.objects.filter(user=cashier).exists()


def test_one_that_is_used_goes_on(cashier: User) -> None:
    theirs = browser(cashier, "cashier's password")
    for _ in range(3):
        BrowserSession.objects.update(seen_at=timezone.now() - timedelta(minutes=50))
        assert is_signed_in(theirs)


def test_who_becomes_staff_keeps_no_session_of_last_week(carol: User) -> None:
    client = browser(carol)
    BrowserSession.objects.update(began_at=timezone.now() - timedelta(days=3))
    assert is_signed_in(client)
    User.objects.filter(pk=carol.pk).update(is_staff=True)
    assert not is_signed_in(client)


def test_reauthentication_takes_either(carol: User, secret: str) -> None:
    request = signed_in(carol, secret).get("/account").wsgi_request
    assert reauthentication.last(request, reauthentication.PASSWORD)
    assert reauthentication.last(request, reauthentication.SECOND_FACTOR)
