"""Every row of catalog.toml through the sandbox, which knows what each provider refuses: the next row is tested, too."""

import json
import math
from fractions import Fraction
from typing import Any

import pytest

from inference.catalog import loading
from inference.models import Completion
from tests.inference.conftest import Ask, Said
from tests.sdk.test_shapes import png

ROWS = loading.rows()
LIVING = [name for name, row in ROWS.items() if not row.get("successor_from")]
SEEING = [name for name in LIVING if ROWS[name]["traits"].get("images")]
THINKING = [name for name in LIVING if ROWS[name]["traits"].get("thinking", "none") != "none"]
# Efforts "none" thinks nothing, or the least that the model can be held to.
NEVER_IDLE = [name for name in THINKING if loading.rows()[name]["traits"].get("efforts", {}).get("none")]

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": CITY}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}


def charge(completion: Completion) -> int:
    """From the row, in fractions."""
    sheet = completion.price.sheet
    tier = next((row for row in reversed(sheet.get("tiers", [])) if completion.prompt_tokens > row["above"]), sheet)
    cost = sum(Fraction(str(tier[bucket])) * tokens for bucket, tokens in completion.buckets.items())
    return math.ceil(cost / 10**6 * 130)


def check_charges(name: str, expected: int) -> None:
    found = list(Completion.objects.select_related("price"))
    assert [completion.model_id for completion in found] == [name] * expected
    assert [completion.settlement for completion in found] == ["exact"] * expected
    assert [completion.charged_cents for completion in found] == [charge(completion) for completion in found]


def message(said: Said) -> dict[str, Any]:
    assert said.status == 200, said.body
    found: dict[str, Any] = said.json()["choices"][0]["message"]
    return found


@pytest.mark.parametrize("name", LIVING)
def test_a_row_answers_whole_and_in_a_stream_for_its_price(ask: Ask, name: str) -> None:
    assert len(message(ask(name, "say 7 words", max_tokens=4000))["content"].split()) == 7
    streamed = ask(name, "say 7 words", stream=True, max_tokens=4000)
    assert (len(streamed.text.split()), streamed.finish, streamed.is_done) == (7, ["stop"], True)
    long = ask(name, "word " * 1500 + "say 7 words", max_tokens=4000)
    assert long.json()["usage"]["prompt_tokens"] > 1400
    check_charges(name, 3)


@pytest.mark.parametrize("name", LIVING)
def test_a_row_uses_a_tool_three_times(ask: Ask, name: str) -> None:
    turns: list[dict[str, Any]] = [{"role": "user", "content": "use the tool"}]
    for _ in range(3):
        said = message(ask(name, messages=turns, tools=TOOLS))
        (call,) = said["tool_calls"]
        assert json.loads(call["function"]["arguments"]).keys() == {"city"}
        turns += [said, {"role": "tool", "tool_call_id": call["id"], "content": "21 C"}]
        assert "21 C" in message(ask(name, messages=turns, tools=TOOLS))["content"]
        turns += [{"role": "assistant", "content": "21 C"}, {"role": "user", "content": "use the tool again"}]
    check_charges(name, 6)


@pytest.mark.parametrize("name", LIVING)
def test_a_row_keeps_to_a_schema_or_says_that_it_cannot(ask: Ask, name: str) -> None:
    said = ask(name, "Which city?", response_format=SCHEMA)
    if not ROWS[name]["traits"].get("json_schema", True):
        assert (said.status, said.error["param"]) == (400, "response_format")
        return
    assert json.loads(message(said)["content"]).keys() == {"city"}
    check_charges(name, 1)


@pytest.mark.parametrize("name", SEEING)
def test_a_row_sees(ask: Ask, name: str) -> None:
    parts = [{"type": "text", "text": "say 5 words"}, {"type": "image_url", "image_url": {"url": png()}}]
    assert message(ask(name, messages=[{"role": "user", "content": parts}]))["content"]
    check_charges(name, 1)


@pytest.mark.parametrize("name", THINKING)
def test_a_row_thinks_more_and_less(ask: Ask, name: str) -> None:
    for effort in ("none", "minimal", "low", "medium", "high", "xhigh", "max"):
        message(ask(name, "say 5 words", reasoning_effort=effort, max_tokens=30_000))
    least, *_, most = Completion.objects.order_by("created_at")
    assert most.reasoning_tokens
    assert not least.reasoning_tokens or name in NEVER_IDLE or ROWS[name]["traits"]["thinking"] in ("level", "budget")
    check_charges(name, 7)


@pytest.mark.parametrize("name", LIVING)
def test_a_row_takes_or_names_what_other_models_take(ask: Ask, name: str) -> None:
    given = {"temperature": 0.3, "top_p": 0.9, "top_k": 5, "seed": 7, "presence_penalty": 0.5, "stop": ["END"]}
    assert message(ask(name, "say 5 words", **given))["content"]
    check_charges(name, 1)


@pytest.mark.parametrize("name", LIVING)
def test_a_row_can_be_made_to_call_or_says_that_it_cannot(ask: Ask, name: str) -> None:
    said = ask(name, "hello", tools=TOOLS, tool_choice="required")
    if not ROWS[name]["traits"].get("forced_tools", True):
        assert (said.status, said.error["param"]) == (400, "tool_choice")
        return
    assert message(said)["tool_calls"]
    check_charges(name, 1)


@pytest.mark.parametrize("name", [name for name in LIVING if ROWS[name]["traits"].get("length_field") == "max_tokens"])
@pytest.mark.parametrize("limit", [50, 1500, 5000, None])
def test_thoughts_beyond_the_limit_stay_within_what_was_held(ask: Ask, name: str, limit: int | None) -> None:
    """Qwen's `max_tokens` does not bound what it thinks: with the sandbox's many thoughts the whole still fits."""
    asked = {} if limit is None else {"max_tokens": limit}
    usage = ask(name, "say 9000 words [[think=200000]]", **asked).json()["usage"]
    assert usage["completion_tokens"] <= (limit or ROWS[name]["traits"]["max_output_tokens"])
    check_charges(name, 1)
