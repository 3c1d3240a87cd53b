from datetime import timedelta
from typing import Any

import pytest

from accounts import access_tokens
from accounts.models import ApiKey, User
from credits.models import KeyUse
from tests.credits.api.conftest import Get
from tests.credits.ledger_driver import admit, buy

pytestmark = pytest.mark.django_db(transaction=True)


def key_of(user: User, **limits: Any) -> ApiKey:
    return ApiKey.issue(user=user, name="limited", **limits)[0]


def use_shown(get: Get) -> tuple[int | None, ...]:
    (key,) = get("auth/api-keys").json()["data"]
    return key["limit_cents"], key["spent_cents"], key["held_cents"], key["left_cents"]


def test_a_key_without_a_limit_has_no_use(get: Get, alice: User, run) -> None:
    run(buy(alice, 5, key=key_of(alice, requests_per_minute=60)))
    assert use_shown(get) == (None, None, None, None)


def test_a_key_never_used_has_all_of_its_limit(get: Get, alice: User) -> None:
    key_of(alice, limit_cents=100)
    assert use_shown(get) == (100, 0, 0, 100)


def test_spent_and_held_are_shown_beside_the_limit(get: Get, alice: User, run) -> None:
    key = key_of(alice, limit_cents=100, limit_period="day")
    run(buy(alice, 30, key=key))
    run(admit(alice, key=key, worst=20))
    assert use_shown(get) == (100, 30, 20, 50)


@pytest.mark.parametrize(
    ("period", "ago", "left"),
    [("day", timedelta(days=1), 100), ("month", timedelta(days=31), 100), (None, timedelta(days=4000), 70)],
)
def test_an_old_window_counts_nothing(
    get: Get, alice: User, run, period: str | None, ago: timedelta, left: int
) -> None:
    key = key_of(alice, limit_cents=100, limit_period=period)
    run(buy(alice, 30, key=key))
    KeyUse.objects.update(window_start=KeyUse.objects.get().window_start - ago)
    assert use_shown(get)[3] == left


def test_nothing_less_than_nothing_is_left(get: Get, alice: User, run) -> None:
    run(buy(alice, 130, key=key_of(alice, limit_cents=100)))
    assert use_shown(get) == (100, 130, 0, 0)


def test_a_new_key_comes_with_its_limit(get: Get, client, alice: User) -> None:
    header = {"authorization": access_tokens.pair(alice)["access_token"]}
    made = client.post("/v1/auth/api-keys", {"name": "new", "limit_cents": 7}, "application/json", headers=header)
    assert (made.status_code, made.json()["limit_cents"]) == (201, 7)
    assert use_shown(get) == (7, 0, 0, 7)
