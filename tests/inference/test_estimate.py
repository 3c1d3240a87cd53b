import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import access_tokens
from accounts.authentication import Caller
from accounts.models import ApiKey, User
from conway.common import database
from credits import ledger
from credits.models import CreditAccount, CreditTransaction, Hold, KeyUse
from inference import catalog
from inference.billing import admission
from inference.billing.measure import Measure
from inference.chat.request import ChatRequest
from inference.completion import routing
from tests.inference.conftest import Ask, Sandbox


@pytest.fixture
def estimate(run, alice: User, prices: None, sandbox: Sandbox):
    """`estimate("gpt-5-mini", "hello", max_tokens=5)`: for Alice by her token, unless said otherwise."""

    def estimate(
        model: str = "gpt-5-mini", text: str = "hello", *, headers: Any = None, raw: bytes | None = None, **fields: Any
    ) -> Any:
        body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
        sent = {"authorization": access_tokens.access_token(alice), **(headers or {})}
        content = json.dumps(body).encode() if raw is None else raw
        return run(AsyncClient().post("/v1/estimate", content, content_type="application/json", headers=sent))

    return estimate


def test_what_a_greeting_costs_at_least_and_at_most(estimate) -> None:
    body = estimate().json()
    assert (body["prompt_tokens"]["low"], body["completion_tokens"]) == (1, {"low": 1, "high": 128_000})
    assert body["cost_usd"]["low"] == "0.00000225"  # one token in at $0.25, one out at $2 a million
    assert body["charged_cents"] == {"low": 1, "high": 34}
    assert (body["admitted"], body["hold_cents"], body["max_tokens"]) == (True, 34, 128_000)
    assert (body["available_cents"], body["held_cents"], body["refusal"]) == (1000, 0, None)


def test_it_leaves_no_trace(estimate, sandbox: Sandbox, alice: User) -> None:
    estimate()
    assert sandbox.meter() == []
    assert not Hold.objects.exists() and CreditTransaction.objects.count() == 1
    assert CreditAccount.objects.get(user=alice).held_cents == 0


@pytest.mark.parametrize("model", ["gpt-5.2", "claude-opus-4.6", "gemini-2.5-pro", "kimi-k2.5", "qwen3-coder"])
def test_the_charge_stays_below_the_highest(estimate, ask: Ask, model: str) -> None:
    told = estimate(model, "say 300 words", max_tokens=400).json()
    said = ask(model, "say 300 words", max_tokens=400)
    assert 1 <= told["charged_cents"]["low"] <= told["charged_cents"]["high"]
    assert int(said.headers["x-conway-charged-cents"]) <= told["charged_cents"]["high"]
    assert Decimal(said.headers["x-conway-cost-usd"]) <= Decimal(told["cost_usd"]["high"])


def test_it_names_the_limit_a_completion_gets(estimate, ask: Ask, alice: User) -> None:
    ledger.adjust(user=alice, cents=-985, reference="spent", reason="Nearly all of it", by=None)
    told = estimate("claude-opus-4.6").json()
    said = ask("claude-opus-4.6")
    assert (told["admitted"], told["hold_cents"]) == (True, 10)
    assert 0 < told["max_tokens"] == int(said.headers["x-conway-max-tokens"]) < 10_000


def test_without_credit_it_says_what_a_completion_would_say(estimate, ask: Ask, alice: User) -> None:
    ledger.adjust(user=alice, cents=-991, reference="spent", reason="Nearly all of it", by=None)
    told, said = estimate(), ask()
    assert told.status_code == 200
    refusal = told.json()["refusal"]
    assert (refusal.pop("status"), said.status, told.json()["hold_cents"]) == (402, 402, 0)
    assert refusal["error"]["code"] == "insufficient_credits"
    assert refusal["detail"] == said.json()["detail"]
    assert refusal["detail"].startswith("Minimum balance of 10 cents required. Current balance: 9 cents.")


def test_the_limit_of_a_key_counts(estimate, alice: User) -> None:
    key, secret = ApiKey.issue(user=alice, name="small", limit_cents=7)
    told = estimate("claude-opus-4.6", headers={"authorization": secret}).json()
    refused = estimate("claude-opus-4.6", "word " * 60_000, headers={"authorization": secret}).json()
    assert told["hold_cents"] == 7
    assert (refused["admitted"], refused["refusal"]["error"]["code"]) == (False, "key_limit_reached")
    assert not KeyUse.objects.filter(key=key).exists()


@pytest.mark.parametrize(("cap", "hold", "code"), [("5", 5, None), ("0", 0, "cost_cap_too_low")])
def test_the_cap_of_a_request_counts(estimate, cap: str, hold: int, code: str | None) -> None:
    told = estimate("claude-opus-4.6", headers={"x-conway-max-cost-cents": cap}).json()
    assert told["hold_cents"] == hold
    assert (told["refusal"] and told["refusal"]["error"]["code"]) == code


def test_it_names_what_would_be_ignored(estimate) -> None:
    assert estimate("claude-opus-4.5", seed=7).json()["ignored_params"] == ["seed"]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"raw": b"{"}, 400, "invalid_json"),
        ({"raw": b'{"model": "gpt-5-mini"}'}, 400, "missing_required_parameter"),
        ({"model": "gpt-2"}, 404, "model_not_found"),
        ({"temperature": 9}, 400, "invalid_value"),
        ({"headers": {"x-conway-max-cost-cents": "-1"}}, 400, "invalid_value"),
        ({"headers": {"authorization": "Bearer cnwy_k_wrong"}}, 401, "invalid_api_key"),
    ],
)
def test_it_is_refused_as_the_completion_would_be(
    estimate, ask: Ask, asked: dict[str, Any], status: int, code: str
) -> None:
    told, said = estimate(**asked), ask(**asked)
    assert (told.status_code, told.json()["error"]["code"]) == (status, code)
    assert said.json() == told.json()


def test_a_provider_without_a_key_is_told(estimate, settings) -> None:
    settings.PROVIDERS = {**settings.PROVIDERS, "openai": {**settings.PROVIDERS["openai"], "api_key": None}}
    answer = estimate()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "provider_not_configured")


TEXTS = st.text(max_size=40) | st.integers(1, 4000).map("ab ".__mul__)
FIELDS = st.fixed_dictionaries(
    {"model": st.sampled_from(["gpt-5-nano", "claude-opus-4.6", "gemini-2.5-pro", "qwen3-coder"])},
    optional={"max_tokens": st.integers(1, 100_000)},
) | st.fixed_dictionaries(
    {"model": st.just("gpt-5-nano"), "n": st.integers(1, 4)}, optional={"max_tokens": st.integers(1, 100_000)}
)


@given(
    balance=st.integers(1, 400),
    limit=st.none() | st.integers(1, 100),
    asked=st.lists(st.tuples(FIELDS, TEXTS, st.none() | st.integers(0, 60)), min_size=1, max_size=3),
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_it_answers_what_admission_does(prices: None, balance: int, limit: int | None, asked: list[Any]) -> None:
    user = User.objects.create_user()
    ledger.top_up(user=user, cents=balance, reference=f"for-{user.pk}", reason="Any", by=None)
    key = ApiKey.issue(user=user, name="any", limit_cents=limit)[0]
    caller = Caller(user.pk, key.pk, None, limit, None, None, None)

    async def story() -> None:
        for number, (fields, text, cap) in enumerate(asked):
            body = {**fields, "messages": [{"role": "user", "content": text.replace("\0", "")}]}
            request = ChatRequest.read(json.dumps(body).encode())
            told = await answer(caller, request, cap)
            assert told == await answer(caller, request, cap, completion_id=f"chatcmpl-{user.pk}x{number}")

    async def told_and_closed() -> None:
        try:
            await story()
        finally:
            await database.close()

    asyncio.run(told_and_closed())


async def answer(caller: Caller, request: ChatRequest, cap: int | None, **admitting: Any) -> Any:
    """Asked, or with a completion's id done: what is held and what it buys, or why not."""
    book = await catalog.current()
    listing = book.find(request.model)
    assert listing
    price = listing.price_at(book.now())
    assert price
    rendered = listing.dialect.render(request, routing.target(listing, caller), limit=None)
    measure = Measure(rendered, len(rendered.encoded()), listing, caller.user_id)
    door = admission.admit if admitting else admission.would_admit
    more = {"is_idempotent": False, "details": {}, **admitting} if admitting else {}
    try:
        quote, held = await door(caller=caller, measure=measure, price=price, cap_cents=cap, **more)
    except ledger.AdmissionDenied as refused:
        return refused.reason, refused.available_cents, refused.needed_cents, refused.key_left_cents
    return held.cents, quote.affordable(held.cents), quote.worst_cents
