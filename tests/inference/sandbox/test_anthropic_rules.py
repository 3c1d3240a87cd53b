"""What the sandbox's Anthropic refuses, and in which words."""

import base64
from typing import Any

import pytest

from tests.inference.sandbox.upstream import CITY, CLAUDE, Upstream, says

OPUS_4_6, OPUS_4_5, HAIKU = "claude-opus-4-6", "claude-opus-4-5-20251101", "claude-haiku-4-5-20251001"
TOOL = {"name": "get_weather", "input_schema": CITY}
ASKED = {"role": "user", "content": "x"}
USE = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "1"}
SAID = {"type": "text", "text": "y"}
MARK = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
CLOSED = {**CITY, "additionalProperties": False}
PNG = base64.b64encode(b"\x89PNG\r\n").decode()


def turns(*contents: Any) -> dict[str, Any]:
    """User and assistant in turn, and the tool they use."""
    messages = [{"role": ("user", "assistant")[nth % 2], "content": content} for nth, content in enumerate(contents)]
    return {"messages": messages, "tools": [TOOL]}


def schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}


def picture(media_type: str) -> dict[str, Any]:
    return turns([{"type": "image", "source": {"type": "base64", "media_type": media_type, "data": PNG}}])


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": ({"container": "x"}, "container: Extra inputs are not permitted"),
    "null for a field": ({"system": None}, "system: Input should be"),
    "a limit of nothing": ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
    "more than the model can say": ({"max_tokens": 64_001}, "64001 > 64000"),
    "temperature beside top_p": ({"temperature": 1, "top_p": 0.9}, "cannot both be specified"),
    "a temperature above one": ({"temperature": 1.5}, "temperature: Input should be less than or equal to 1"),
    "a blank stop": ({"stop_sequences": [" "]}, "non-whitespace"),
    "no messages": ({"messages": []}, "at least one message"),
    "an assistant first": (
        {"messages": [{"role": "assistant", "content": "x"}]},
        'first message must use the "user" role',
    ),
    "a system message": ({"messages": [ASKED, {"role": "system", "content": "x"}]}, 'Unexpected role "system"'),
    "an empty message": (turns("", "y"), "non-empty content"),
    "an empty text": (turns([{"type": "text", "text": ""}]), "text content blocks must be non-empty"),
    "an empty text inside a result": (
        turns("x", [USE], [{**RESULT, "content": [{"type": "text", "text": ""}]}]),
        "non-empty",
    ),
    "a prefill on opus 4.6": ({"model": OPUS_4_6, **turns("x", "y")}, "does not support assistant message prefill"),
    "a prefill that ends in a space": (turns("x", "y "), "trailing whitespace"),
    "a prefill beside a schema": ({**turns("x", "y"), **schema(CLOSED)}, "prefill"),
    "effort on haiku": ({"model": HAIKU, "output_config": {"effort": "low"}}, "effort"),
    "the most effort on opus 4.5": ({"model": OPUS_4_5, "output_config": {"effort": "max"}}, "effort"),
    "adaptive thinking on sonnet": ({"thinking": {"type": "adaptive"}}, "adaptive thinking is not supported"),
    "a small thinking budget": (
        {"thinking": {"type": "enabled", "budget_tokens": 1000}},
        "greater than or equal to 1024",
    ),
    "a budget as large as the limit": ({"max_tokens": 1024, **THINKING}, "must be greater than"),
    "a temperature while thinking": ({**THINKING, "temperature": 0.5}, "`temperature` may only be set to 1"),
    "top_k while thinking": ({**THINKING, "top_k": 4}, "`top_k`"),
    "a narrow top_p while thinking": ({**THINKING, "top_p": 0.9}, "`top_p`"),
    "thinking with a forced tool": ({**THINKING, "tools": [TOOL], "tool_choice": {"type": "any"}}, "forces tool use"),
    "a choice without tools": ({"tool_choice": {"type": "auto"}}, "while providing tools"),
    "a choice of no tool": ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "f"}}, "not found"),
    "two tools of one name": ({"tools": [TOOL, TOOL]}, "unique"),
    "a tool without a schema type": (
        {"tools": [{"name": "f", "input_schema": {}}]},
        "input_schema.type: Field required",
    ),
    "a use without a result": (turns("x", [USE], "z"), "without `tool_result` blocks immediately after: toolu_1"),
    "a use at the end": (turns("x", [USE]), "without `tool_result` blocks immediately after"),
    "a text before the result": (turns("x", [USE], [SAID, RESULT]), "immediately after"),
    "a result without a use": (turns("x", "y", [RESULT]), "unexpected `tool_use_id`"),
    "two results for one use": (turns("x", [USE], [RESULT, RESULT]), "single result"),
    "a dotted id": (turns("x", [{**USE, "id": "f.a:0"}], [RESULT]), "String should match pattern"),
    "one id used twice": (turns("x", [USE, USE], [RESULT]), "must be unique"),
    "uses without tools": ({**turns("x", [USE], [RESULT]), "tools": []}, "must define tools"),
    "a tool loop that lost its thinking": (
        {**THINKING, **turns("x", [USE], [RESULT])},
        "must start with a thinking block",
    ),
    "a forged signature": (
        turns("x", [{"type": "thinking", "thinking": "a", "signature": "b"}, SAID], "z"),
        "Invalid `signature`",
    ),
    "five marks": (turns([{**SAID, **MARK}] * 5), "maximum of 4"),
    "an hour after five minutes": (turns([{**SAID, **MARK}, {**SAID, **HOUR}]), "must not come after"),
    "a mark on nothing": (turns([{"type": "text", "text": "", **MARK}]), "cannot be set for empty text"),
    "an image that is another": (picture("image/jpeg"), "does not appear"),
    "an open schema": (schema(CITY), "'additionalProperties' must be explicitly set to false"),
    "a bound in a schema": (schema({"type": "integer", "minimum": 3}), "property 'minimum' is not supported"),
    "a schema that holds itself": (
        schema({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}),
        "Recursive",
    ),
    "a schema from elsewhere": (schema({"$ref": "https://example.com/s"}), "External"),
    "an open strict tool": ({"tools": [{**TOOL, "strict": True}]}, "additionalProperties"),
    "many strict tools": (
        {"tools": [{**TOOL, "name": f"f{n}", "strict": True} for n in range(21)]},
        "Too many strict tools (21)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str, upstream: Upstream) -> None:
    change, words = REFUSED[case]
    response = upstream.post("anthropic", says("anthropic", "hello") | change)
    assert response.status_code == 400, response.text
    assert response.json()["type"] == "error"
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert words in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "change",
    [
        turns("x", [USE], [RESULT, SAID]),
        turns("x", "y"),
        picture("image/png"),
        {
            "model": OPUS_4_6,
            "thinking": {"type": "adaptive"},
            "output_config": {"effort": "max"},
            "tools": [TOOL],
            "tool_choice": {"type": "any"},
        },
        {**THINKING, "top_p": 0.95},
        schema(CLOSED),
        {"tools": [{**TOOL, "strict": True, "input_schema": CLOSED}], "tool_choice": {"type": "none"}},
        {
            "system": [{"type": "text", "text": "Be brief.", **HOUR}],
            "metadata": {"user_id": "a"},
            "service_tier": "standard_only",
        },
    ],
)
def test_it_takes(change: dict[str, Any], upstream: Upstream) -> None:
    response = upstream.post("anthropic", says("anthropic", "hello") | change)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"anthropic-version": "2023-06-01"}, 401),
        ({**CLAUDE, "x-api-key": "wrong"}, 401),
        ({"x-api-key": "a"}, 400),
        ({**CLAUDE, "anthropic-version": "2020-01-01"}, 400),
    ],
)
def test_it_wants_a_key_and_a_version(headers: dict[str, str], status: int, upstream: Upstream) -> None:
    assert upstream.post("anthropic", says("anthropic", "hello"), headers=headers).status_code == status


def test_the_newer_version_takes_no_sampling(upstream: Upstream) -> None:
    headers = {**CLAUDE, "anthropic-version": "2026-10-21"}
    assert upstream.post("anthropic", says("anthropic", "hello", temperature=1), headers=headers).status_code == 400


def test_it_names_a_model_it_does_not_have(upstream: Upstream) -> None:
    response = upstream.post("anthropic", says("anthropic", "hello", model="claude-1"))
    assert (response.status_code, response.json()["error"]["type"]) == (404, "not_found_error")


def test_it_says_when_a_prompt_is_too_long(upstream: Upstream) -> None:
    response = upstream.post("anthropic", says("anthropic", "a " * 200_001))
    assert response.json()["error"]["message"] == "prompt is too long: 200001 tokens > 200000 maximum"
