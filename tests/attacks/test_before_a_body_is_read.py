"""What is known of a caller before a large body is read, and how often estimates are asked for."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import AsyncClient

from accounts import access_tokens, authentication
from accounts.models import ApiKey, User
from credits import ledger
from inference.api import operations
from inference.completion import headers
from tests.attacks import bodies
from tests.inference.conftest import (  # noqa: F401  # fixtures
    Said,
    ask,
    key,
    prices,
    read,
    sandbox,
    sandbox_process,
)


@pytest.fixture
def bobs(bob: User, prices: None, sandbox: Any, run: Any) -> Callable[[bytes], Said]:  # noqa: F811
    """A body sent by who has no credit."""
    secret = ApiKey.issue(user=bob, name="Bob's")[1]
    return lambda body: run(read({"authorization": secret}, body))


def test_without_credit_a_large_body_is_402_and_not_read(bobs: Any) -> None:
    said = bobs(b"this is no JSON, and nobody looks " * 10_000)
    assert (said.status, said.error["code"], said.error["needed_cents"]) == (402, "insufficient_credits", 10)


def test_without_credit_a_small_body_is_read_and_answered_in_the_documented_order(bobs: Any) -> None:
    assert bobs(b"this is no JSON").status == 400


def test_without_credit_nothing_small_goes_to_the_process_either(bobs: Any) -> None:
    said = bobs(bodies.body("claude-haiku-4.5", bodies.form(bodies.doubling(30))))
    assert (said.status, said.error["code"]) == (402, "insufficient_credits")


def test_who_topped_up_a_moment_ago_is_not_refused_for_what_they_had(bobs: Any, bob: User) -> None:
    assert bobs(b" " * 100_000).status == 402
    ledger.top_up(user=bob, cents=10, reference="bob-begins", reason="His first money", by=None)
    assert bobs(b" " * 100_000).status == 400


def test_a_keys_used_up_rate_is_429_before_a_large_body_is_read(key: str, alice: User, ask: Any) -> None:  # noqa: F811
    secret = ApiKey.issue(user=alice, name="slow", requests_per_minute=1)[1]
    assert ask(headers={"authorization": secret}).status == 200
    authentication._cache.clear()  # five seconds later
    said = ask(headers={"authorization": secret}, raw=b"no JSON " * 20_000)
    assert (said.status, said.error["code"]) == (429, "rate_limit_exceeded")
    assert 1 <= int(said.headers["retry-after"]) <= 60


@pytest.fixture
def estimated(run: Any, prices: None, sandbox: Any) -> Iterator[Callable[..., Any]]:  # noqa: F811
    operations.estimates.cache_clear()

    def estimated(user: User, body: bytes) -> Any:
        sent = {"authorization": access_tokens.access_token(user)}
        return run(AsyncClient().post("/v1/estimate", body, content_type="application/json", headers=sent))

    yield estimated
    operations.estimates.cache_clear()


def test_estimates_have_a_pace(estimated: Any, alice: User, bob: User, settings: Any) -> None:
    settings.CONWAY_ESTIMATES_PER_MINUTE = 3
    body = bodies.body("gpt-5-mini", bodies.said("x"))
    statuses = [estimated(alice, body).status_code for _ in range(4)]
    refusal = estimated(alice, body)
    assert statuses == [200, 200, 200, 429]
    assert (refusal.json()["error"]["code"], int(refusal.headers["retry-after"]) >= 1) == ("rate_limit_exceeded", True)
    assert estimated(bob, body).status_code == 200


def test_an_estimate_has_a_completions_limits_and_prechecks(estimated: Any, alice: User, bob: User) -> None:
    deep = bodies.body("claude-haiku-4.5", bodies.form(bodies.doubling(40)))
    assert estimated(alice, deep).json()["error"]["code"] == "request_too_complex"
    assert estimated(bob, b"no JSON " * 20_000).status_code == 402


def test_a_hundred_ignored_fields_leave_an_answer_that_clients_take(ask: Any) -> None:  # noqa: F811
    said = ask("claude-haiku-4.5", **{f"made_up_{'x' * 50}_{at}": 1 for at in range(200)})
    assert said.status == 200
    assert len(said.headers["x-conway-ignored-params"]) <= headers.LONGEST_HEADER
