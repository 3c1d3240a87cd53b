"""A password alone opens nothing of whoever has a second factor."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts import links
from accounts.models import Attempts, RecoveryCode, SignInLink, TotpApp, User
from accounts.second_factor import recovery, totp
from tests.accounts.attacks.conftest import NEW, PASSWORD, api, is_signed_in
from tests.accounts.attacks.second_steps import SITE, STEP, options_on, signed_in, with_passkey, with_password
from tests.second_factors import SoftPasskey, code_of, give_app, within_one_step

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
