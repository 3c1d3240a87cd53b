"""What Qwen3.8 may think and answer, together, is what was asked and held for."""

from typing import Any

import pytest

from tests.inference.dialects.openai_chat.asking import body, rendered, target, tool

MODELS = ("qwen3.8-max", "qwen3.8-flash")
OFF = {"qwen3.8-max": {"reasoning_effort": "none"}, "qwen3.8-flash": {"enable_thinking": False}}


def told(model: str, **fields: Any) -> dict[str, Any]:
    names = ("enable_thinking", "thinking_budget", "reasoning_effort")
    return {name: value for name, value in body(model, **fields).items() if name in names}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("limit", [None, 2000, 131_072, 9_000_000])
@pytest.mark.parametrize("effort", [None, "minimal", "high", "max"])
def test_thoughts_and_answer_share_the_limit(model: str, limit: int | None, effort: str | None) -> None:
    sent = body(model, max_tokens=limit, reasoning_effort=effort)
    assert sent["thinking_budget"] + sent["max_tokens"] == min(limit or 131_072, 131_072)
    assert (sent["enable_thinking"], "reasoning_effort" in sent) == (True, False)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("off", [{"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}])
def test_it_is_told_not_to_think_in_the_word_that_it_knows(model: str, off: dict[str, Any]) -> None:
    assert told(model, **off) == OFF[model]
    assert body(model, max_tokens=500, **off)["max_tokens"] == 500


@pytest.mark.parametrize("model", MODELS)
def test_without_room_and_for_a_forced_tool_it_does_not_think_and_the_caller_is_told(model: str) -> None:
    for fields in ({"max_tokens": 1000}, {"tools": [tool()], "tool_choice": "required"}):
        sent = rendered(model, **fields)
        assert sent.transforms == ["thinking_disabled"]
        assert OFF[model].items() <= sent.body.items() and "thinking_budget" not in sent.body


def test_less_thought_than_asked_for_is_named_and_less_than_usual_is_not() -> None:
    assert rendered("qwen3.8-max", max_tokens=5000, reasoning_effort="high").transforms == ["thinking_lowered"]
    assert rendered("qwen3.8-max", max_tokens=5000).transforms == []


def test_what_credit_buys_bounds_both() -> None:
    sent = rendered("qwen3.8-max", limit=3000).body
    assert sent["thinking_budget"] + sent["max_tokens"] == 3000


@pytest.mark.parametrize(("asked", "sent"), [("none", "low"), ("low", "low"), ("medium", "high"), ("xhigh", "max")])
def test_kimi_k3_gets_the_nearest_effort_and_says_so(asked: str, sent: str) -> None:
    made = rendered("kimi-k3.1-pro", reasoning_effort=asked)
    assert (made.body["reasoning_effort"], "thinking" in made.body) == (sent, False)
    assert made.transforms == ([] if asked == sent else ["reasoning_effort_fitted"])
    assert target("kimi-k3.1-pro").traits.shows_reasoning
