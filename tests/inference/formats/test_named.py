"""What other formats ask for and a model has no word for is named, as Chat Completions' own fields are."""

import json
from typing import Any

import pytest

from inference.api import messages, responses
from inference.chat import suiting
from inference.chat.provider_request import ProviderRequest
from tests.inference.parameters import models

CITY = {"type": "object", "properties": {"city": {"type": "string"}}}


def rendered(format: Any, model: str, **fields: Any) -> ProviderRequest:
    dialect, target = models()[model]
    request = format.read(json.dumps({"model": model, **fields}).encode())
    suiting.suit(request, target.traits, tool_media=dialect.TOOL_MEDIA)
    return dialect.render(request, target)


def claudes(model: str, **fields: Any) -> ProviderRequest:
    asked = [{"role": "user", "content": "Hello"}]
    return rendered(messages, model, max_tokens=9_000, messages=asked, **fields)


@pytest.mark.parametrize("model", ["gpt-5-mini", "gpt-6.1-terra", "gemini-3-flash", "claude-opus-4.6", "kimi-k2.5"])
def test_a_thinking_budget_that_becomes_an_effort_is_named(model: str) -> None:
    named = claudes(model, thinking={"type": "enabled", "budget_tokens": 2_000}).ignored
    assert "thinking.budget_tokens" in named


def test_thinking_that_cannot_be_off_is_named() -> None:
    sent = claudes("gpt-5-mini", thinking={"type": "disabled"})
    assert (sent.body["reasoning_effort"], sent.transforms) == ("minimal", ["reasoning_effort_fitted"])


def test_thinking_between_tools_is_passed_on_where_it_is_known() -> None:
    assert claudes("claude-sonnet-5.5", thinking={"type": "between_tools"}).body["thinking"] == {
        "type": "between_tools"
    }
    assert claudes("claude-haiku-4.5", thinking={"type": "between_tools"}).transforms == ["thinking_disabled"]


@pytest.mark.parametrize("model", ["gpt-5-mini", "gpt-6.1-terra"])
def test_that_a_tool_failed_is_named(model: str) -> None:
    call = {"type": "tool_use", "id": "c", "name": "w", "input": {}}
    failed = {"type": "tool_result", "tool_use_id": "c", "content": "no", "is_error": True}
    turns = [("user", "x"), ("assistant", [call]), ("user", [failed])]
    sent = rendered(messages, model, max_tokens=99, messages=[{"role": role, "content": said} for role, said in turns])
    assert sent.ignored == ["messages.is_error"]


def test_a_tool_as_chat_has_it_is_taken_by_responses() -> None:
    nested = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}
    flat = {"type": "function", "name": "get_time", "parameters": CITY}
    sent = rendered(responses, "gpt-5.2-codex", input="Hello", tools=[nested, flat])
    assert [tool["name"] for tool in sent.body["tools"]] == ["get_weather", "get_time"]
