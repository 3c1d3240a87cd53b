"""A key does what its owner lets it do, from where, for as long."""

import asyncio
from typing import Any

import pytest
from django.test import Client

from accounts import access_tokens
from accounts.addresses import Origin
from accounts.authentication import authenticate, note_use
from accounts.models import ApiKey, User
from conway.common.errors import ApiError
from credits import ledger
from credits.urls import openapi
from tests.accounts.attacks.conftest import api, changed_key, made_key, status_of

pytestmark = pytest.mark.usefixtures("nobody_is_remembered")


@pytest.fixture
def jwt(carol: User) -> str:
    return access_tokens.pair(carol)["access_token"]


ADDRESSES = sorted(f"/{pattern.pattern}" for pattern in openapi.patterns)
ASK_FOR_NOTHING = ("/token", "/refresh", "/nonce", "/verify")


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_key_for_inference_reads_nothing_of_the_account(jwt: str, path: str) -> None:
    secret = made_key(jwt, scope="inference")["key"]
    for method in ("get", "post", "patch", "delete"):
        answer = getattr(Client(), method)(
            path.replace("<int:pk>", "1"), content_type="application/json", headers={"authorization": secret}
        )
        allowed = (200, 400, 405) if path.endswith(ASK_FOR_NOTHING) else (403, 405)
        assert answer.status_code in allowed, (method, answer.status_code)


@pytest.mark.parametrize("path", ["/v1/models", "/v1/receipts/none"])
def test_but_what_belongs_to_inference(transactional_db: None, path: str) -> None:
    user = User.objects.create_user("dora@example.org")
    secret = ApiKey.issue(user=user, name="a", scope="inference")[1]
    assert Client().get(path, headers={"authorization": secret}).status_code in (200, 404)


def test_a_capped_key_is_for_inference_unless_its_owner_says_otherwise(jwt: str) -> None:
    assert made_key(jwt)["scope"] == "account"
    assert made_key(jwt, limit_cents=100)["scope"] == "inference"
    assert made_key(jwt, limit_cents=100, scope="account")["scope"] == "account"


def test_keys_of_the_release_before_do_what_they_did(carol: User) -> None:
    secret = ApiKey.issue(user=carol, name="old", limit_cents=5)[1]
    ApiKey.objects.update(scope=ApiKey._meta.get_field("scope").db_default)
    assert status_of(secret) == 200


def test_everything_of_a_key_can_be_changed(jwt: str) -> None:
    key = made_key(jwt, limit_cents=100, limit_period="day")
    new = {
        "name": "b",
        "limit_cents": 700,
        "limit_period": "week",
        "requests_per_minute": 7,
        "expires_at": "2099-01-01T00:00:00Z",
        "allowed_models": ["gpt-5.2"],
        "allowed_addresses": ["203.0.113.0/24"],
        "scope": "account",
        "is_paused": True,
        "usage_in_streams": True,
        "cache_marks": True,
    }
    assert new.items() <= changed_key(jwt, key, **new).json().items()
    gone = dict.fromkeys(("limit_cents", "requests_per_minute", "expires_at", "allowed_models"))
    answer = changed_key(jwt, key, **gone).json()
    assert {**gone, "limit_period": None, "name": "b"}.items() <= answer.items()


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"name": ""}, "name"),
        ({"limit_cents": 0}, "limit_cents"),
        ({"limit_period": "day"}, "limit_period"),
        ({"scope": "everything"}, "scope"),
        ({"is_paused": "yes"}, "is_paused"),
        ({"cache_marks": 1}, "cache_marks"),
        ({"usage_in_streams": None}, "usage_in_streams"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"allowed_addresses": ["300.1.1.1"]}, "allowed_addresses.0"),
        ({"allowed_addresses": []}, "allowed_addresses"),
    ],
)
def test_nonsense_changes_nothing(jwt: str, wrong: dict[str, Any], param: str) -> None:
    key = made_key(jwt)
    before = ApiKey.objects.values().get()
    answer = changed_key(jwt, key, **wrong)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert ApiKey.objects.values().get() == before


def test_nobody_changes_what_is_not_theirs_and_no_key_changes_itself(jwt: str, bob: User) -> None:
    key = made_key(jwt)
    for auth, expected in ((access_tokens.pair(bob)["access_token"], 404), (key["key"], 403), (None, 401)):
        assert changed_key(auth, key, name="mine").status_code == expected
        assert api(Client(), f"auth/api-keys/{key['id']}/rotate", {}, auth).status_code == expected
    assert ApiKey.objects.get().name == "a"


def test_a_revoked_key_does_not_come_back(jwt: str) -> None:
    key = made_key(jwt)
    ApiKey.objects.revoke()
    assert changed_key(jwt, key, is_paused=False).status_code == 409
    assert api(Client(), f"auth/api-keys/{key['id']}/rotate", {}, jwt).status_code == 409


def test_a_paused_key_is_refused_until_it_goes_on(jwt: str) -> None:
    key = made_key(jwt)
    changed_key(jwt, key, is_paused=True)
    answer = api(Client(), "auth/me", auth=key["key"], method="get")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "key_paused")
    changed_key(jwt, key, is_paused=False)
    assert status_of(key["key"]) == 200


@pytest.mark.django_db(transaction=True)
def test_admission_refuses_it_even_while_it_is_remembered(alice: User, run: Any) -> None:
    from tests.credits.ledger_driver import admit

    key, _ = ApiKey.issue(user=alice, name="agents")
    key.pause(True)
    with pytest.raises(ledger.AdmissionDenied, match="key_revoked"):
        run(admit(alice, key=key))


# A new secret


# From where


def test_it_works_from_its_networks_only(jwt: str, settings: Any) -> None:
    settings.CONWAY_TRUSTED_PROXIES = ["127.0.0.1"]
    secret = made_key(jwt, allowed_addresses=["203.0.113.7", "2001:db8::/32"])["key"]
    assert status_of(secret, REMOTE_ADDR="203.0.113.7") == 200
    assert status_of(secret, HTTP_X_FORWARDED_FOR="2001:db8::9") == 200
    assert status_of(secret, HTTP_X_FORWARDED_FOR="203.0.113.7, 198.51.100.1") == 403
    answer = api(Client(REMOTE_ADDR="203.0.113.8"), "auth/me", auth=secret, method="get")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "address_not_allowed")


async def test_where_and_by_what_it_was_used_is_written_down_later(transactional_db: None) -> None:
    from asgiref.sync import sync_to_async

    from conway.common import database

    user = await User.objects.acreate(email="dora@example.org")
    key, secret = await sync_to_async(ApiKey.issue)(user=user, name="a", allowed_addresses=["203.0.113.0/24"])
    with pytest.raises(ApiError, match="may not be used from"):
        await authenticate(secret, origin=Origin("198.51.100.1"))
    await authenticate(secret, origin=Origin("203.0.113.7", "", "openai-python/3\0"))
    await note_use()
    await key.arefresh_from_db()
    assert (key.last_used_address, key.last_used_agent) == ("203.0.113.7", "openai-python/3")
    await database.close()


def test_a_completion_knows_where_it_comes_from(transactional_db: None) -> None:
    """By the bare way, too, which no middleware sees."""
    from conway.common import database
    from inference.api import asgi

    user = User.objects.create_user("dora@example.org")
    secret = ApiKey.issue(user=user, name="a", allowed_addresses=["203.0.113.0/24"])[1]

    async def ask(client: str) -> int:
        sent: list[Any] = []

        async def receive() -> Any:
            if sent or receive.__dict__.setdefault("done", False):
                await asyncio.sleep(10)
            receive.__dict__["done"] = True
            return {"type": "http.request", "body": b"{}", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"authorization", secret.encode())]
        scope = {"method": "POST", "path": "/v1/chat/completions", "headers": headers, "client": (client, 1)}
        await asgi.completions(scope, receive, send)
        await database.close()
        return sent[0]["status"]

    assert asyncio.run(ask("198.51.100.1")) == 403
    assert asyncio.run(ask("203.0.113.9")) == 400  # let in, and told that the body is nothing


# On the page
