from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import ProtectedError

from accounts.authentication import authenticate, note_use
from accounts.models import ApiKey, User
from accounts.secret_hashing import digest_of


def test_a_secret_is_the_prefix_and_32_characters_and_is_kept_nowhere(alice: User) -> None:
    key, secret = ApiKey.issue(user=alice, name="laptop")
    kept = ApiKey.objects.filter(pk=key.pk).values().get()
    assert len(secret) == 39 and secret.startswith("cnwy_k_")
    assert (bytes(kept["digest"]), kept["prefix"]) == (digest_of(secret), secret[:12])
    assert secret not in str(kept)


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit_cents": 0},
        {"limit_cents": -1},
        {"limit_period": "day"},
        {"limit_cents": 5, "limit_period": "year"},
        {"requests_per_minute": 0},
    ],
)
def test_the_database_refuses_limits_that_mean_nothing(alice: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        ApiKey.issue(user=alice, name="laptop", **wrong)


def test_revoking_twice_keeps_the_first_date(alice: User) -> None:
    key, _ = ApiKey.issue(user=alice, name="laptop")
    key.revoke()
    first = key.revoked_at
    key.revoke()
    assert first is not None and key.revoked_at == first


def test_a_user_with_keys_cannot_be_deleted(alice: User) -> None:
    ApiKey.issue(user=alice, name="laptop")
    with pytest.raises(ProtectedError):
        alice.delete()


@pytest.mark.usefixtures("pool")
async def test_asynchronous_use_is_written_down_when_asked(alice: User, key: str) -> None:
    await authenticate(key)
    before = (await ApiKey.objects.aget()).last_used_at
    await note_use()
    assert before is None and (await ApiKey.objects.aget()).last_used_at is not None


def test_use_is_noted_once_a_minute(client: Any, alice: User) -> None:
    key, secret = ApiKey.issue(user=alice, name="laptop")
    seen = []
    for _ in range(2):
        client.get("/v1/auth/me", headers={"authorization": secret})
        key.refresh_from_db()
        seen.append(key.last_used_at)
    assert seen[0] is not None and seen[0] == seen[1]
