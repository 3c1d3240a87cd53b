"""Whoever finds an open browser, or a token, does not leave with a way of their own into the account.

What is looked at is made from the schema and the URL resolver: a new column that signs somebody in, and a new address
that writes one, are in it by themselves.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import get_resolver

from accounts import access_tokens
from accounts.models import ApiKey, Nonce, SignInLink, User
from tests.accounts.attacks.conftest import NEW, PASSWORD, api, browser
from tests.accounts.attacks.second_steps import APP, CODES, PASSKEY, SITE, aged, options_on, signed_in
from tests.accounts.conftest import Wallet
from tests.addresses import PARAMETER, addresses
from tests.second_factors import SoftPasskey, code_of, give_app

# What lets somebody in: a value more, or another one, is a way in that was added.
WAYS = {
    "user": {"password", "email", "claimed_email"},
    "walletaddress": {"address"},
    "totpapp": {"sealed_secret"},
    "passkey": {"credential_id"},
    "recoverycode": {"digest"},
    "apikey": {"digest"},
    "signinlink": {"digest"},
    "refreshtoken": {"digest"},
}
NO_WAY = {
    "browsersession": "begins by one of the ways, and is what is tried here",
    "savedfilter": "what staff look for",
    "signinplace": "a network that limits know",
    "staffaddress": "where staff did something",
    "nonce": "of nobody yet",
    "attempts": "counted failures",
}
# A link's own secret is the proof; these end the session, or make one.
WITH_THEIR_OWN_PROOF = ("/prove/", "/password/reset/", "/sign-in/link/", "/sign-out", "/v1/auth/refresh")
PASSKEY_BODY = json.dumps({"id": "x", "type": "public-key"})
FORM = {
    "name": "thief's", "email": "thief@evil.example", "username": "thief@evil.example", "scope": "account",
    "password1": NEW, "password2": NEW, "new_password1": NEW, "new_password2": NEW, "code": "000000",
    "passkey": PASSKEY_BODY, "keep_old": "0", "keep_old_for_seconds": 0, "wallet": "0x" + "ab" * 20,
}  # fmt: skip
PROOFS = {"password": PASSWORD, "old_password": PASSWORD}


def ways(user: User) -> dict[tuple[str, str], set[str]]:
    found = {}
    for name, columns in WAYS.items():
        model = apps.get_model("accounts", name)
        rows = model._base_manager.filter(pk=user.pk) if model is User else model._base_manager.filter(user=user)
        for column in columns:
            values = rows.values_list(column, flat=True)
            found[name, column] = {bytes(v).hex() if isinstance(v, memoryview | bytes) else str(v) for v in values if v}
    return found


def added(user: User, before: dict[tuple[str, str], set[str]]) -> set[tuple[str, str]]:
    return {where for where, values in ways(user).items() if values - before[where]}


def doors(user: User, *, under_api: bool) -> Iterator[str]:
    key = ApiKey.objects.get(user=user).pk
    for address in sorted({PARAMETER.sub(str(key), found) for found in addresses(get_resolver().url_patterns)}):
        is_api = address.startswith("/v1/")
        is_of_people = not address.startswith("/admin/") and not address.startswith(WITH_THEIR_OWN_PROOF)
        if is_of_people and is_api == under_api and (not is_api or "/auth/" in address):
            yield address


def with_wallet(user: User) -> None:
    user.set_unusable_password()
    user.email = None
    user.save()
    user.wallets.create(address=Wallet().address.lower())


def by_link(user: User, proven_at: datetime | None) -> Client:
    client = Client()
    client.post(f"/sign-in/link/{SignInLink.issue(user, proven_at)[1]}")
    return client


def open_browser_of_password_user(user: User) -> Client:
    client = browser(user)
    aged(client)
    return client


def open_browser_of_wallet_user(user: User) -> Client:
    with_wallet(user)
    return by_link(user, datetime.now(UTC) - timedelta(hours=1))


def open_browser_of_old_link(user: User) -> Client:
    """Of a link that a token made which nobody knows the sign-in of."""
    with_wallet(user)
    return by_link(user, None)


def open_browser_with_second_factor(user: User) -> Client:
    client = signed_in(user, give_app(user))
    aged(client)
    client.post("/account/confirm", {"password": PASSWORD})  # the password is known, the factor is not
    return client


OPEN = [
    open_browser_of_password_user,
    open_browser_of_wallet_user,
    open_browser_of_old_link,
    open_browser_with_second_factor,
]


def test_every_table_of_a_user_is_a_way_in_or_said_not_to_be() -> None:
    assert {model._meta.model_name for model in apps.get_app_config("accounts").get_models()} == {*WAYS, *NO_WAY}


@pytest.mark.parametrize("opens", OPEN)
def test_no_page_adds_a_way_in_without_a_fresh_proof(carol: User, opens: Callable[[User], Client]) -> None:
    ApiKey.issue(user=carol, name="hers")
    client = opens(carol)
    before, cookies = ways(carol), client.cookies.copy()
    tried = list(doors(carol, under_api=False))
    for address in tried:
        client.cookies = cookies.copy()  # whatever the page before did with the session
        client.get(address)
        client.post(address, FORM)
        assert not added(carol, before), address
    assert {"/keys", APP, PASSKEY, "/account/email", "/sign-in/email-and-password"} <= set(tried)


@pytest.mark.parametrize("proven", [None, timedelta(hours=1)])
def test_an_old_token_makes_what_programs_make_and_nothing_else(carol: User, proven: timedelta | None) -> None:
    ApiKey.issue(user=carol, name="hers")
    stale = access_tokens.access_token(carol, proven_at=proven and datetime.now(UTC) - proven)
    before = ways(carol)
    for path in doors(carol, under_api=True):
        for method in ("post", "put", "patch"):
            api(Client(), path.removeprefix("/v1/"), FORM, stale, method=method)
            assert added(carol, before) <= {("apikey", "digest"), ("signinlink", "digest")}, path


def test_the_link_of_a_refresh_token_that_was_found_opens_no_page_that_adds_a_way(carol: User) -> None:
    ApiKey.issue(user=carol, name="hers")
    pair = api(Client(), "auth/token", {"email": carol.email, "password": PASSWORD}).json()
    found = api(Client(), "auth/refresh", {"refresh_token": pair["refresh_token"]}).json()["access_token"]
    client = Client()
    client.post(api(Client(), "auth/sign-in-link", auth=found).json()["url"].removeprefix(SITE))
    before = ways(carol)
    for address in doors(carol, under_api=False):
        client.post(address, FORM)
        assert not added(carol, before), address


# The same ways, with a proof: what the tests above look at can be seen to change.


def fresh_wallet_browser(user: User) -> Client:
    with_wallet(user)
    signed = Wallet().signed(Nonce.issue())
    token = api(Client(), "auth/verify", signed).json()["access_token"]
    client = Client()
    client.post(api(Client(), "auth/sign-in-link", auth=token).json()["url"].removeprefix(SITE))
    return client


def adds_totp(client: Client, user: User) -> None:
    secret = re.findall(r'id="totp-secret">(\w+)<', client.get(APP).content.decode())[0]
    client.post(APP, {"code": code_of(secret)})


def adds_passkey(client: Client, user: User) -> None:
    client.post(PASSKEY, {"name": "p", "passkey": SoftPasskey(SITE, counter=5).made(options_on(client, PASSKEY))})


def posts(path: str) -> Callable[[Client, User], Any]:
    return lambda client, user: client.post(path.format(key=ApiKey.objects.get(user=user).pk), FORM | PROOFS)


ADDS: dict[str, tuple[Callable[[User], Client], Callable[[Client, User], Any], set[tuple[str, str]]]] = {
    "key": (browser, posts("/keys"), {("apikey", "digest")}),
    "another secret": (browser, posts("/keys/{key}/rotate"), {("apikey", "digest")}),
    "app": (browser, adds_totp, {("totpapp", "sealed_secret"), ("recoverycode", "digest")}),
    "passkey": (browser, adds_passkey, {("passkey", "credential_id"), ("recoverycode", "digest")}),
    "another password": (browser, posts("/password/change"), {("user", "password")}),
    "another email": (browser, posts("/account/email"), {("user", "claimed_email")}),
    "a wallet user's key": (fresh_wallet_browser, posts("/keys"), {("apikey", "digest")}),
    "a wallet user's app": (
        fresh_wallet_browser,
        adds_totp,
        {("totpapp", "sealed_secret"), ("recoverycode", "digest")},
    ),
    "a wallet user's password": (
        fresh_wallet_browser,
        posts("/sign-in/email-and-password"),
        {("user", "password"), ("user", "claimed_email")},
    ),
}


@pytest.mark.parametrize("name", ADDS)
def test_its_owner_adds_it(carol: User, name: str) -> None:
    opens, adds, expected = ADDS[name]
    ApiKey.issue(user=carol, name="hers")
    client = opens(carol)
    before = ways(carol)
    adds(client, carol)
    assert added(carol, before) == expected


def test_new_recovery_codes_take_the_factor(carol: User) -> None:
    client = signed_in(carol, give_app(carol))
    before = ways(carol)
    client.post(CODES)
    assert added(carol, before) == {("recoverycode", "digest")}


def test_an_owner_is_asked_and_led_back(carol: User) -> None:
    client = open_browser_of_password_user(carol)
    page = client.get("/keys").content.decode()
    assert "Confirm and create a key" in page and 'name="limit"' not in page
    asked = client.post("/keys", FORM)["location"]
    assert asked == "/account/confirm?next=%2Fkeys%23new"
    assert client.post(asked, {"password": PASSWORD})["location"] == "/keys#new"
    assert client.post("/keys", FORM)["location"].startswith("/keys/")


def test_a_wallet_user_is_told_to_sign_in_again(carol: User) -> None:
    page = open_browser_of_wallet_user(carol).get("/sign-in/email-and-password", follow=True).content.decode()
    assert "Sign in with your wallet again" in page
