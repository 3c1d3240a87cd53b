"""A key's new secret, and for how long the old one works."""

import asyncio
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import access_tokens
from accounts.authentication import authenticate
from accounts.models import ApiKey, User
from conway.common.errors import ApiError
from tests.accounts.attacks.conftest import api, made_key, status_of

pytestmark = pytest.mark.usefixtures("nobody_is_remembered")


@pytest.fixture
def jwt(carol: User) -> str:
    return access_tokens.pair(carol)["access_token"]


def test_rotation_gives_a_new_secret_and_ends_the_old_one(jwt: str) -> None:
    key = made_key(jwt)
    new = api(Client(), f"auth/api-keys/{key['id']}/rotate", {}, jwt).json()
    assert new["id"] == key["id"] and new["key_prefix"] == new["key"][:12]
    assert (status_of(key["key"]), status_of(new["key"])) == (401, 200)


def test_the_old_one_is_kept_for_as_long_as_was_chosen(jwt: str) -> None:
    key = made_key(jwt)
    new = api(Client(), f"auth/api-keys/{key['id']}/rotate", {"keep_old_for_seconds": 60}, jwt).json()
    assert (status_of(key["key"]), status_of(new["key"])) == (200, 200)
    ApiKey.objects.update(previous_until=timezone.now())
    answer = api(Client(), "auth/me", auth=key["key"], method="get")
    assert answer.status_code == 401 and "rotated" in answer.json()["error"]["message"]


def test_of_three_secrets_at_most_two_work(jwt: str) -> None:
    key = made_key(jwt)
    secrets = [key["key"]] + [
        api(Client(), f"auth/api-keys/{key['id']}/rotate", {"keep_old_for_seconds": 60}, jwt).json()["key"]
        for _ in range(2)
    ]
    assert [status_of(secret) for secret in secrets] == [401, 200, 200]


async def test_the_old_one_is_remembered_no_longer_than_it_works(transactional_db: None) -> None:
    from asgiref.sync import sync_to_async

    from conway.common import database

    user = await User.objects.acreate(email="dora@example.org")
    key, old = await sync_to_async(ApiKey.issue)(user=user, name="a")
    new = await sync_to_async(key.rotate)(timedelta(seconds=1))
    ends = (await authenticate(old)).expires_at
    assert ends == key.previous_until and (await authenticate(new)).expires_at is None
    await asyncio.sleep(1.1)
    with pytest.raises(ApiError, match="rotated"):
        await authenticate(old)
    await database.close()
