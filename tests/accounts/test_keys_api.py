from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.api import keys
from accounts.models import ApiKey, User

Post = Callable[..., Any]


def test_a_new_key_is_shown_once_and_works(client: Client, post: Post, jwt: str) -> None:
    made = post("api-keys", {"name": "conway-terminal"}, auth=f"Bearer {jwt}")
    listed = client.get("/v1/auth/api-keys", headers={"authorization": made.json()["key"]})
    assert made.status_code == 201
    assert listed.json()["data"][0]["key_prefix"] == made.json()["key_prefix"] == made.json()["key"][:12]
    assert made.json()["key"] not in listed.content.decode()


def test_a_key_carries_its_limits(post: Post, jwt: str) -> None:
    limits = {
        "allowed_models": ["gpt-5.2"],
        "limit_cents": 500,
        "limit_period": "month",
        "requests_per_minute": 60,
        "expires_at": "2099-01-01T00:00:00Z",
    }
    made = post("api-keys", {"name": "limited", **limits}, auth=jwt).json()
    assert limits.items() <= made.items()


def test_revoked_keys_and_other_peoples_are_not_listed(client: Client, alice: User, bob: User, jwt: str) -> None:
    ApiKey.issue(user=alice, name="lost")[0].revoke()
    ApiKey.issue(user=bob, name="bob's")
    newest = [ApiKey.issue(user=alice, name=name)[0].pk for name in ("first", "second")][::-1]
    listed = client.get("/v1/auth/api-keys", headers={"authorization": jwt}).json()["data"]
    assert [key["id"] for key in listed] == newest


def test_revoking_ends_a_key_and_may_be_repeated(client: Client, alice: User, jwt: str, key: str) -> None:
    path = f"/v1/auth/api-keys/{ApiKey.objects.get().pk}"
    answers = [client.delete(path, headers={"authorization": jwt}).status_code for _ in range(2)]
    assert answers == [204, 204]
    assert client.get("/v1/auth/me", headers={"authorization": key}).status_code == 401


@pytest.mark.parametrize("pk", ["{bobs}", "0", "9" * 30, "9" * 5000])
def test_what_is_not_yours_is_not_found(client: Client, bob: User, jwt: str, pk: str) -> None:
    bobs, _ = ApiKey.issue(user=bob, name="bob's")
    answer = client.delete(f"/v1/auth/api-keys/{pk.format(bobs=bobs.pk)}", headers={"authorization": jwt})
    bobs.refresh_from_db()
    assert (answer.status_code, answer.json()["error"]["code"], bobs.revoked_at) == (404, "not_found", None)


def test_a_key_can_neither_make_nor_revoke_keys(client: Client, post: Post, key: str) -> None:
    made = post("api-keys", {"name": "without limits"}, auth=key)
    revoked = client.delete(f"/v1/auth/api-keys/{ApiKey.objects.get().pk}", headers={"authorization": key})
    assert [made.status_code, revoked.status_code] == [403, 403]
    assert ApiKey.objects.get().revoked_at is None


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"allowed_models": []}, "allowed_models"),
        ({"allowed_models": "gpt-5.2"}, "allowed_models"),
        ({"allowed_models": ["gpt-5.2", 7]}, "allowed_models.1"),
        ({"limit_cents": 0}, "limit_cents"),
        ({"limit_cents": "5"}, "limit_cents"),
        ({"limit_cents": 1.5}, "limit_cents"),
        ({"limit_cents": True}, "limit_cents"),
        ({"limit_cents": 10**400}, "limit_cents"),
        ({"limit_period": "day"}, "limit_period"),
        ({"limit_cents": 5, "limit_period": "year"}, "limit_period"),
        ({"limit_cents": 5, "limit_period": []}, "limit_period"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"requests_per_minute": 2**31}, "requests_per_minute"),
    ],
)
def test_bad_input_is_a_400_that_names_the_field(post: Post, jwt: str, wrong: dict[str, Any], param: str) -> None:
    answer = post("api-keys", {"name": "laptop", **wrong}, auth=jwt)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
    assert not ApiKey.objects.exists()


def test_there_is_an_end_to_how_many_keys_one_may_have(
    post: Post, jwt: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "MOST_KEYS", 1)
    answer = post("api-keys", {"name": "one more"}, auth=jwt)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "too_many_keys")


def test_me_says_whose_it_is(client: Client, sam: User, alice: User, jwt: str) -> None:
    assert client.get("/v1/auth/me", headers={"authorization": jwt}).json() == {
        "id": alice.pk,
        "wallet_address": None,
        "wallet_type": None,
        "email": "alice@example.org",
        "email_proven": False,
        "name": "Alice",
        "role": "user",
    }
