"""The hold rule through the gateway, and the order of its answers."""

from typing import Any

import pytest

from accounts.models import ApiKey, User
from credits import ledger
from credits.models import CreditAccount, CreditTransaction, Hold
from tests.inference.conftest import Ask, Sandbox, only_completion


def leave(user: User, cents: int) -> None:
    ledger.adjust(user=user, cents=cents - 1000, reference="poorer", reason="For this test", by=None)


@pytest.mark.parametrize("cents", [0, 1, 9])
def test_it_refuses_when_available_is_below_ten_cents(ask: Ask, sandbox: Sandbox, alice: User, cents: int) -> None:
    leave(alice, cents)
    said = ask("gpt-5-nano")
    assert (said.status, said.error["code"], said.error["type"]) == (402, "insufficient_credits", "insufficient_quota")
    assert f"Minimum balance of 10 cents required. Current balance: {cents} cents." in said.json()["detail"]
    assert (said.error["available_cents"], said.error["held_cents"], said.error["needed_cents"]) == (cents, 0, 10)
    assert sandbox.meter() == [] and not Hold.objects.exists()


def test_ten_cents_are_enough(ask: Ask, alice: User) -> None:
    leave(alice, 10)
    assert ask("gpt-5-nano").status == 200


def test_it_refuses_a_prompt_that_is_worth_more_than_there_is(ask: Ask, sandbox: Sandbox, alice: User) -> None:
    leave(alice, 30)
    said = ask("claude-opus-4.6", "many words " * 40_000)
    assert (said.status, said.error["code"]) == (402, "insufficient_credits")
    assert said.error["needed_cents"] > 30
    assert sandbox.meter() == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_hold_below_the_worst_lowers_the_output_limit_and_says_so(
    ask: Ask, sandbox: Sandbox, alice: User, stream: bool
) -> None:
    """1000 cents: a quarter is 250, the worst of 128,000 tokens at $25 is 416."""
    said = ask("claude-opus-4.6", "say 100000 words", stream=stream)
    limit = int(said.headers["x-conway-max-tokens"])
    assert 250 * 10_000 // 33 < limit <= 250 / 130 * 1_000_000 / 25  # a little below what 250 cents buy: the prompt
    assert sandbox.meter()[0]["usage"]["output"] == limit
    assert only_completion().charged_cents <= 250


def test_a_limit_that_fits_is_left_alone(ask: Ask) -> None:
    assert "x-conway-max-tokens" not in ask("claude-opus-4.6", "hello", max_tokens=500).headers


def test_a_lowered_limit_is_shared_by_the_choices(ask: Ask, sandbox: Sandbox, alice: User) -> None:
    leave(alice, 10)
    said = ask("gpt-5.2", "say 9000 words", n=4, reasoning_effort="none")
    limit = int(said.headers["x-conway-max-tokens"])
    assert sandbox.meter()[0]["usage"]["output"] == 4 * limit
    assert only_completion().charged_cents <= 10


def test_a_key_limit_bounds_the_hold(ask: Ask, alice: User, sandbox: Sandbox) -> None:
    _, secret = ApiKey.issue(user=alice, name="Small", limit_cents=2)
    said = ask("gpt-5.2", "say 9000 words", headers={"authorization": secret}, reasoning_effort="none")
    assert int(said.headers["x-conway-max-tokens"]) <= 2 / 130 * 1_000_000 / 14
    again = ask("gpt-5.2", "hello", headers={"authorization": secret})
    assert (again.status, again.error["code"]) == (402, "key_limit_reached")


UNKNOWN, NO_MESSAGES = {"model": "gpt-7"}, {"messages": None}


@pytest.mark.parametrize(
    ("headers", "fields", "expected"),
    [
        ({"authorization": "Bearer cnwy_k_" + "x" * 32}, {**UNKNOWN, **NO_MESSAGES}, (401, "invalid_api_key")),
        ({"authorization": ""}, UNKNOWN, (401, "invalid_api_key")),
        ({}, {**UNKNOWN, **NO_MESSAGES}, (400, None)),
        ({}, UNKNOWN, (404, "model_not_found")),
        ({"x-conway-max-cost-cents": "much"}, {}, (400, None)),
        ({}, {}, (402, "insufficient_credits")),
    ],
)
def test_401_comes_before_400_and_404_and_those_before_402(
    ask: Ask, sandbox: Sandbox, alice: User, headers: dict[str, str], fields: dict[str, Any], expected: tuple[int, str]
) -> None:
    """Alice has nothing left: whatever else is wrong is told first."""
    leave(alice, 0)
    said = ask(headers=headers, **fields)
    assert said.status == expected[0], said.body
    assert expected[1] is None or said.error["code"] == expected[1]
    assert sandbox.meter() == [] and not Hold.objects.exists()


def test_503_comes_before_402(ask: Ask, alice: User, settings: Any) -> None:
    leave(alice, 0)
    settings.PROVIDERS = {**settings.PROVIDERS, "openai": {**settings.PROVIDERS["openai"], "api_key": None}}
    said = ask()
    assert (said.status, said.error["code"]) == (503, "provider_not_configured")
    assert said.headers["x-should-retry"] == "false"


def test_an_overrun_is_charged_in_full_and_written_off_beyond_what_there_is(ask: Ask, alice: User) -> None:
    leave(alice, 12)
    ask("claude-haiku-4.5", "hello [[tokens-in=1 tokens-out=46000]]")
    entries = CreditTransaction.objects.for_user(alice).order_by("id").values_list("type", "amount_cents")
    assert list(entries)[2:] == [("write_off", 18), ("inference", -30)]
    assert CreditAccount.objects.get(user=alice).balance_cents == 0
    assert "charge_above_hold" in only_completion().alerts
