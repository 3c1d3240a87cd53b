"""Every form of header, with every kind of credential, through REST framework and through the asynchronous way."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import jwt as pyjwt
import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from accounts import access_tokens, authentication
from accounts.authentication import authenticate
from accounts.models import ApiKey, User
from conway.common.clock import BETWEEN_MACHINES
from conway.common.errors import ApiError

pytestmark = pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")  # the forged HS512 token

FORMS = ["{}", "Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}", " Bearer {} ", "Bearer\t{}"]

BAD = {
    "empty": "",
    "blank": "   ",
    "only a scheme": "Bearer",
    "another scheme": "Basic {key}",
    "doubled scheme": "Bearer Bearer {key}",
    "doubled key": "Bearer {key} {key}",
    "several headers": "Bearer {key},Bearer {key}",
    "non-ASCII": "Bearer {key}é",
    "non-ASCII digits": "Bearer cnwy_k_" + "٣" * 32,
    "no-break space": "Bearer\xa0{key}",
    "NUL": "Bearer {key}\0",
    "line feed": "Bearer {key}\n",
    "wrong key": "Bearer cnwy_k_" + "A" * 32,
    "key cut short": "Bearer cnwy_k_short",
    "key in capitals": "Bearer CNWY_K_" + "A" * 32,
    "very long": "Bearer " + "A" * 100_000,
    "expired key": "Bearer {expired_key}",
    "revoked key": "Bearer {revoked_key}",
    "key of a deactivated user": "Bearer {deactivated_key}",
    "token of a deactivated user": "Bearer {deactivated_token}",
    "expired token": "Bearer {expired_token}",
    "token of nobody": "Bearer {token_of_nobody}",
    "token with alg none": "Bearer {unsigned_token}",
    "token under a foreign key": "Bearer {foreign_token}",
    "token under another algorithm": "Bearer {other_algorithm}",
    "token of another issuer": "Bearer {other_issuer}",
    "token for another audience": "Bearer {other_audience}",
    "token without expiry": "Bearer {endless_token}",
    "token whose subject is no number": "Bearer {odd_subject}",
    "token whose subject is huge": "Bearer {huge_subject}",
    "token with a broken signature": "Bearer {jwt}x",
    "token that is only dots": "Bearer ..",
    "token whose header nests deeply": "Bearer " + "W1tb" * 250 + ".e30.x",
}


def signed(changes: dict[str, Any], key: bytes = b"", algorithm: str = "HS256") -> str:
    now = datetime.now(UTC)
    good = {"iss": access_tokens.ISSUER, "aud": access_tokens.AUDIENCE, "iat": now, "exp": now + timedelta(minutes=1)}
    claims = {name: value for name, value in {**good, **changes}.items() if value is not None}
    return pyjwt.encode(
        claims, None if algorithm == "none" else key or access_tokens.signing_key(), algorithm=algorithm
    )


@pytest.fixture
def secrets(alice: User, bob: User, key: str, jwt: str) -> dict[str, str]:
    now, me = datetime.now(UTC), str(alice.pk)
    revoked, revoked_key = ApiKey.issue(user=alice, name="lost")
    revoked.revoke()
    deactivated_key, deactivated_token = ApiKey.issue(user=bob, name="bob's")[1], access_tokens.access_token(bob)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    return {
        "key": key,
        "jwt": jwt,
        "expired_key": ApiKey.issue(user=alice, name="old", expires_at=now - timedelta(seconds=1))[1],
        "revoked_key": revoked_key,
        "deactivated_key": deactivated_key,
        "deactivated_token": deactivated_token,
        "expired_token": access_tokens.access_token(alice, lifetime=-BETWEEN_MACHINES - timedelta(seconds=1)),
        "token_of_nobody": signed({"sub": "999999999"}),
        "unsigned_token": signed({"sub": me}, algorithm="none"),
        "foreign_token": signed({"sub": me}, key=b"k" * 32),
        "other_algorithm": signed({"sub": me}, algorithm="HS512"),
        "other_issuer": signed({"sub": me, "iss": "https://example.org"}),
        "other_audience": signed({"sub": me, "aud": "another-api"}),
        "endless_token": signed({"sub": me, "exp": None}),
        "odd_subject": signed({"sub": "alice"}),
        "huge_subject": signed({"sub": "9" * 30}),
    }


def ask(client: Client, header: str) -> Any:
    return client.get("/v1/auth/me", headers={"authorization": header})


@pytest.mark.parametrize("form", FORMS)
def test_it_accepts_every_documented_form(client: Client, alice: User, key: str, jwt: str, form: str) -> None:
    answers = [ask(client, form.format(secret)) for secret in (key, jwt)]
    assert [(answer.status_code, answer.json()["id"]) for answer in answers] == [(200, alice.pk)] * 2


@pytest.mark.parametrize("header", BAD.values(), ids=BAD.keys())
def test_it_answers_401_in_the_error_shape(client: Client, secrets: dict[str, str], header: str) -> None:
    answer = ask(client, header.format(**secrets))
    assert answer.status_code == 401
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}
    assert answer.json()["error"]["type"] == "authentication_error"
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert answer["www-authenticate"] == "Bearer"
    assert answer["x-request-id"]


def test_it_answers_401_without_a_header(client: Client, db: None) -> None:
    answer = client.get("/v1/auth/me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.usefixtures("pool")
async def test_the_asynchronous_way_accepts_every_form(alice: User, form: str) -> None:
    limits = {"allowed_models": ["gpt-5.2"], "limit_cents": 7}
    key, secret = await sync_to_async(ApiKey.issue)(user=alice, name="laptop", **limits)
    by_key = await authenticate(form.format(secret))
    by_token = await authenticate(form.format(access_tokens.access_token(alice)).encode())
    assert (by_key.user_id, by_key.key_id, by_key.allowed_models) == (alice.pk, key.pk, frozenset({"gpt-5.2"}))
    assert (by_key.limit_cents, by_key.limit_period, by_key.requests_per_minute) == (7, None, None)
    assert (by_token.user_id, by_token.key_id, by_token.allowed_models) == (alice.pk, None, None)


@pytest.mark.usefixtures("pool")
async def test_the_asynchronous_way_refuses_what_the_other_refuses(secrets: dict[str, str]) -> None:
    for name, header in BAD.items():
        with pytest.raises(ApiError) as refused:
            await authenticate(header.format(**secrets))
        assert (name, refused.value.status) == (name, 401)


@pytest.mark.usefixtures("pool")
async def test_a_revoked_key_is_remembered_for_five_seconds_unless_asked_fresh(
    alice: User, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(authentication, "time", SimpleNamespace(monotonic=lambda: clock.now))
    await authenticate(key)
    await sync_to_async(ApiKey.objects.revoke)()
    clock.now += 4.9
    assert await authenticate(key)
    with pytest.raises(ApiError):
        await authenticate(key, fresh=True)
    clock.now += 0.2
    with pytest.raises(ApiError):
        await authenticate(key)
