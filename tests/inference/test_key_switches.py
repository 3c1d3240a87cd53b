"""What a key switches on for requests that do not say it themselves: usage in streams, marks for Claude's cache."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from accounts.models import ApiKey
from inference.billing.measure import Measure
from inference.dialects import anthropic
from inference.reporting import receipts
from inference.reporting.receipts import Receipt
from tests.inference.conftest import Ask, only_completion
from tests.inference.dialects.anthropic.claude import call, calling, request, result, target, tool, user
from tests.inference.dialects.anthropic.sandbox import accepts

LONG = "You are a careful agent. " * 800
SYSTEM = {"role": "system", "content": LONG}
MARK = {"type": "ephemeral"}
Json = dict[str, Any]


@pytest.fixture
def marking(key: str) -> None:
    ApiKey.objects.update(cache_marks=True)


def sent(**fields: Any) -> tuple[Json, list[str]]:
    rendered = anthropic.render(request(**fields), replace(target("claude-sonnet-4.5"), marks_cache=True))
    assert accepts(rendered.body)
    return rendered.body, rendered.transforms


def marked(body: Json) -> list[str]:
    """Where marks stand."""
    places = {"tools": body.get("tools", []), "system": body.get("system", [])}
    places |= {f"turn {at}": turn["content"] for at, turn in enumerate(body["messages"])}
    return [f"{name}.{at}" for name, blocks in places.items() for at, block in enumerate(blocks)
            if "cache_control" in block]  # fmt: skip


TOOLS = [tool("get_weather"), tool("get_time")]
PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ASKED = [user("a"), calling(call("c1"), content="I look"), result("c1")]


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({}, ["turn 0.0"]),
        ({"messages": [SYSTEM, user()]}, ["system.0", "turn 0.0"]),
        ({"tools": TOOLS}, ["tools.1", "turn 0.0"]),
        ({"tools": TOOLS, "messages": [SYSTEM, user()]}, ["system.0", "turn 0.0"]),
        ({"tools": TOOLS, "messages": ASKED}, ["tools.1", "turn 2.0"]),
        ({"tools": TOOLS, "messages": ASKED[:1]}, ["tools.1", "turn 0.0"]),
        ({"messages": [user([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": PNG}}])]},
         ["turn 0.1"]),
    ],
)  # fmt: skip
def test_the_last_block_that_stays_and_the_last_that_was_said_are_marked(fields: Json, places: list[str]) -> None:
    body, transforms = sent(**fields)
    assert (marked(body), transforms) == (places, ["cache_marks_set"])


@pytest.mark.parametrize("place", ["system", "turn", "tool"])
def test_a_caller_who_marks_anything_is_left_alone(place: str) -> None:
    part = [{"type": "text", "text": "a", "cache_control": MARK}]
    messages = [{"role": "system", "content": part if place == "system" else "a"}, user()]
    messages[1]["content"] = part if place == "turn" else "a"
    tools = [{**TOOLS[0], **({"cache_control": MARK} if place == "tool" else {})}]
    body, transforms = sent(messages=messages, tools=tools)
    assert len(marked(body)) == 1 and transforms == []


def test_the_first_request_writes_and_the_second_reads_and_receipts_show_what_that_saved(
    ask: Ask, key: str, marking: None
) -> None:
    said = [ask("claude-sonnet-4.5", messages=[SYSTEM, user(f"say {words} words")]) for words in (3, 4)]
    found = [receipts.find(each.json()["id"], user_id=None) for each in said]
    first, second = [receipt for receipt in found if isinstance(receipt, Receipt)]
    assert said[0].headers["x-conway-transforms"] == "cache_marks_set"
    assert first.completion.write_5m_tokens > 1024 < second.completion.cached_tokens
    assert first.is_marked_by_us and second.is_marked_by_us
    assert first.cache_saved_usd is not None and second.cache_saved_usd is not None
    assert first.cache_saved_usd < 0 < first.cache_saved_usd + second.cache_saved_usd
    plain = (second.completion.prompt_tokens * Decimal(3) + second.completion.output_tokens * Decimal(15)) / 10**6
    assert second.cost_usd + second.cache_saved_usd == plain  # what it had cost without


def test_a_key_that_says_nothing_marks_nothing_and_its_receipt_shows_no_cache(ask: Ask) -> None:
    said = ask("claude-sonnet-4.5", messages=[SYSTEM, user()])
    receipt = receipts.find(said.json()["id"], user_id=None)
    assert isinstance(receipt, Receipt) and receipt.cache_saved_cents is None and not receipt.is_marked_by_us
    assert only_completion().write_5m_tokens == 0


def test_what_marks_may_write_is_held_for() -> None:
    for marks, buckets in ((False, ("input",)), (True, ("input", "write_5m"))):
        rendered = anthropic.render(request(), replace(target("claude-sonnet-4.5"), marks_cache=marks))
        listing: Any = SimpleNamespace(traits=target("claude-sonnet-4.5").traits)
        assert Measure(rendered, 10, listing, 1).buckets == buckets


@pytest.mark.parametrize("model", ["gpt-5-mini", "gemini-3-flash", "kimi-k2.5", "qwen3-coder"])
def test_other_models_are_asked_as_before(ask: Ask, marking: None, model: str) -> None:
    assert "cache" not in ask(model, LONG).headers.get("x-conway-transforms", "")


@pytest.mark.parametrize("switch", [False, True])
@pytest.mark.parametrize("model", ["gpt-5-mini", "claude-haiku-4.5"])
def test_streams_end_with_their_usage_where_the_request_does_not_say(
    ask: Ask, key: str, model: str, switch: bool
) -> None:
    ApiKey.objects.update(usage_in_streams=switch)
    for options, tells in (({}, switch), ({"include_usage": None}, switch), ({"include_usage": False}, False)):
        said = ask(model, stream=True, **({"stream_options": options} if options else {}))
        assert said.is_done
        assert ("charged_cents" in (said.chunks[-1].get("usage") or {})) == tells


def test_a_whole_answer_is_the_same(ask: Ask, key: str) -> None:
    ApiKey.objects.update(usage_in_streams=True)
    assert ask().json()["usage"]["charged_cents"] == 1
