"""Every row of catalog.toml through the sandbox, which knows what its provider refuses; the next row, too."""

import json
import math
from fractions import Fraction
from typing import Any

import pytest

from inference.catalog import loading
from inference.models import ChatModel, Completion
from tests.inference.conftest import Ask, Said
from tests.sdk.test_shapes import png

ROWS = loading.rows()
LIVING = [name for name, row in ROWS.items() if not (row.get("retires_on") and row.get("successor_from"))]
BOUNDED_APART = [name for name in LIVING if ROWS[name]["traits"].get("length_field") == "max_tokens"]
TIERED = [name for name in LIVING if ROWS[name]["price"].get("tiers")]
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": CITY}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}
SEEN = [{"type": "text", "text": "say 5 words"}, {"type": "image_url", "image_url": {"url": png()}}]
TUNED = {"temperature": 0.3, "top_p": 0.9, "top_k": 5, "seed": 7, "presence_penalty": 0.5, "stop": ["END"]}


def charge(completion: Completion) -> int:
    """From the row, in fractions."""
    sheet = completion.price.sheet
    tier = next((row for row in reversed(sheet.get("tiers", [])) if completion.prompt_tokens > row["above"]), sheet)
    cost = sum(Fraction(str(tier[bucket])) * tokens for bucket, tokens in completion.buckets.items())
    return math.ceil(cost / 10**6 * 130)


def check_charges(name: str) -> None:
    found = list(Completion.objects.select_related("price"))
    assert {(completion.model_id, completion.settlement) for completion in found} == {(name, "exact")}
    assert [completion.charged_cents for completion in found] == [charge(completion) for completion in found]
    assert [completion.alerts for completion in found] == [[]] * len(found)


def message(said: Said) -> dict[str, Any]:
    assert said.status == 200, said.body
    found: dict[str, Any] = said.json()["choices"][0]["message"]
    return found


def takes(name: str, trait: str, otherwise: Any) -> Any:
    return ROWS[name]["traits"].get(trait, otherwise)


@pytest.mark.parametrize("name", LIVING)
def test_a_row_answers_for_its_price(ask: Ask, name: str) -> None:
    """Whole, in a stream, a long prompt, a picture, and with fields that some models refuse."""
    assert len(message(ask(name, "say 7 words"))["content"].split()) == 7
    streamed = ask(name, "say 7 words", stream=True, max_tokens=4000)
    assert (len(streamed.text.split()), streamed.finish, streamed.is_done) == (7, ["stop"], True)
    message(ask(name, "word " * 1500 + "say 7 words"))
    message(ask(name, "say 7 words", **TUNED))
    if takes(name, "images", []):
        message(ask(name, messages=[{"role": "user", "content": SEEN}]))
    check_charges(name)


@pytest.mark.parametrize("name", LIVING)
def test_a_row_uses_a_tool_three_times(ask: Ask, name: str) -> None:
    turns: list[dict[str, Any]] = []
    for _ in range(3):
        turns.append({"role": "user", "content": "use the tool"})
        said = message(ask(name, messages=turns, tools=TOOLS))
        (call,) = said["tool_calls"]
        assert json.loads(call["function"]["arguments"]).keys() == {"city"}
        turns += [said, {"role": "tool", "tool_call_id": call["id"], "content": "21 C"}]
        turns.append(message(ask(name, messages=turns, tools=TOOLS)))
        assert "21 C" in turns[-1]["content"]
    forced = ask(name, "hello", tools=TOOLS, tool_choice="required")
    assert message(forced)["tool_calls"]
    if not takes(name, "forced_tools", True):  # it is told to, and the caller is told so
        assert "tool_choice_as_instruction" in forced.headers["x-conway-transforms"].split(",")
    check_charges(name)


@pytest.mark.parametrize("name", LIVING)
def test_a_row_thinks_more_and_less_and_keeps_to_a_schema(ask: Ask, name: str) -> None:
    for effort in EFFORTS:
        message(ask(name, "say 5 words", reasoning_effort=effort, max_tokens=30_000))
    message(ask(name, "say 5 words", thinking={"type": "disabled"}))
    least, *_, most, _ = Completion.objects.order_by("created_at")
    if takes(name, "thinking", "none") != "none":
        assert (most.reasoning_tokens or 0) >= (least.reasoning_tokens or 0)
        assert most.reasoning_tokens
    said = ask(name, "Which city?", response_format=SCHEMA)
    if takes(name, "json_schema", True):
        assert json.loads(message(said)["content"]).keys() == {"city"}
    else:  # it is told the schema, held to JSON, and the caller is told so
        assert isinstance(json.loads(message(said)["content"]), dict)
        assert "json_schema_as_instruction" in said.headers["x-conway-transforms"].split(",")
    check_charges(name)


@pytest.mark.parametrize("name", TIERED)
def test_a_long_prompt_costs_its_tier_from_the_first_token_of_it(ask: Ask, name: str) -> None:
    """At each border, on it and one token behind it; a part of it from the cache."""
    above = [tier["above"] for tier in ROWS[name]["price"]["tiers"]]
    for tokens in (above[0], *(border + 1 for border in above)):
        said = ask(name, f"say 5 words [[tokens_in={tokens} cached={tokens // 2} tokens_out=1000]]")
        completion = Completion.objects.latest("created_at")
        assert said.json()["usage"]["prompt_tokens"] == completion.prompt_tokens == tokens
        assert completion.buckets["cached"] == tokens // 2
        assert completion.charged_cents == charge(completion) == int(said.headers["x-conway-charged-cents"])


@pytest.mark.parametrize("name", BOUNDED_APART)
def test_thoughts_that_no_limit_bounds_stay_within_what_was_held(ask: Ask, name: str) -> None:
    for limit in (50, 1500, 5000):
        usage = ask(name, "say 9000 words [[think=9000]]", max_tokens=limit).json()["usage"]
        assert usage["completion_tokens"] <= limit
    check_charges(name)


def test_an_announced_price_starts_by_itself_and_one_that_is_over_is_not_loaded() -> None:
    row = ROWS["gemini-4-argon"]
    (change,) = row["later"]
    before, after = change["starts"].replace(month=11), change["starts"].replace(year=2027)
    assert [sheet["output"] for _, sheet in loading.prices(row, before)] == [10, 20]
    assert [starts for starts, _ in loading.prices(row, before)][1] == change["starts"]
    ((begun, sheet),) = loading.prices(row, after)
    assert (sheet["output"], begun < after) == (20, True)


def test_a_row_says_to_customers_what_it_is_in_two_sentences() -> None:
    for name, row in ROWS.items():
        assert row["summary"].count(". ") == 1 and row["summary"].endswith("."), name
        assert row.get("successor", name) in ROWS, name


def test_a_row_from_before_rows_had_an_end_learns_it_once(prices: None) -> None:
    mini = ChatModel.objects.filter(name="gpt-5-mini")
    mini.update(summary="", retires_on=None, successor="gpt-5.2", successor_from=None)
    loading.load()
    assert mini.values_list("retires_on", "successor", "successor_from").get() == (
        ROWS["gpt-5-mini"]["retires_on"],
        "gpt-6-luna",
        ROWS["gpt-5-mini"]["successor_from"],
    )
    mini.update(successor_from=None)  # staff decide otherwise
    loading.load()
    assert mini.get().successor_from is None
