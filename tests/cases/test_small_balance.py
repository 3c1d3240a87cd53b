"""A hold that buys few tokens: thinking leaves room for an answer, or gives way and is named."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from accounts.models import User
from credits import ledger
from credits.models import CreditAccount
from inference.api import chat
from inference.completion import handler
from inference.upstream import client as upstream
from tests.cases.provider import ScriptedProvider

CENTS = (12, 16, 25, 40, 60, 100)
LEAST_BUDGETS = {"claude-sonnet-4.5": 1024, "gemini-2.5-pro": 128, "gemini-2.5-flash": 1}


@pytest.mark.parametrize("effort", ["low", "high"])
@pytest.mark.parametrize("model", LEAST_BUDGETS)
def test_thinking_leaves_room_for_the_answer(
    model: str,
    effort: str,
    alice: User,
    key: str,
    provider: ScriptedProvider,
    run: Callable[[Coroutine[Any, Any, Any]], Any],
) -> None:
    for cents in CENTS:
        leave(alice, cents)
        provider.begin({})
        headers = run(ask(model, effort, key))
        limit, budget = asked_of(provider.sent[-1].body)
        transforms = headers.get("x-conway-transforms", "")
        assert ("thinking_disabled" in transforms) == (budget == 0)
        assert budget == 0 or budget >= LEAST_BUDGETS[model]
        if model != "gemini-2.5-pro" or budget > LEAST_BUDGETS[model]:  # which cannot think less
            assert limit - budget >= max(1024, limit / 5)
        assert limit == int(headers.get("x-conway-max-tokens", limit)) > budget


def leave(user: User, cents: int) -> None:
    balance = CreditAccount.objects.get(user=user).balance_cents
    reference = f"{cents} cents after {balance}"
    ledger.adjust(user=user, cents=cents - balance, reference=reference, reason="For this test", by=None)


async def ask(model: str, effort: str, key: str) -> dict[str, str]:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "reasoning_effort": effort}
    try:
        answer = await handler.complete(chat, {"authorization": f"Bearer {key}"}, json.dumps(body).encode())
        content = answer.body if isinstance(answer.body, bytes) else b"".join([piece async for piece in answer.body])
        assert answer.status == 200, content
        return dict(answer.headers)
    finally:
        await upstream.close()


def asked_of(body: dict[str, Any]) -> tuple[int, int]:
    """The limit of the output, and how much of it thinking may take."""
    if "contents" not in body:
        return body["max_tokens"], (body.get("thinking") or {}).get("budget_tokens", 0)
    config = body["generationConfig"]
    return config.get("maxOutputTokens", 65_536), config["thinkingConfig"]["thinkingBudget"]
