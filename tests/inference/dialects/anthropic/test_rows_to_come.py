"""A row may say of a newer Claude what it refuses: no code changes for it."""

from dataclasses import replace

import pytest

from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_request import ProviderRequest
from inference.dialects import anthropic
from tests.inference.dialects.anthropic.claude import request, target, tool


def rendered(traits: dict[str, object], **fields: object) -> ProviderRequest:
    newer = target("claude-opus-4.6")
    return anthropic.render(request(**fields), replace(newer, traits=replace(newer.traits, **traits)))


def test_a_model_without_sampling_gets_none_and_the_caller_is_told() -> None:
    sent = rendered({"sampling": "none"}, temperature=0.2, top_p=0.9, top_k=5)
    assert sent.ignored == ["temperature", "top_p", "top_k"]
    assert not sent.body.keys() & {"temperature", "top_p", "top_k"}


@pytest.mark.parametrize("off", ["disabled", "between_tools"])
@pytest.mark.parametrize("fields", [{"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}])
def test_thinking_is_turned_off_where_it_runs_by_default(off: str, fields: dict[str, object]) -> None:
    assert rendered({"thinking_off": off}, **fields).body["thinking"] == {"type": off}
    assert "thinking" not in rendered({"thinking_off": off}).body


def test_a_forced_tool_is_refused_where_the_row_says_so() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        rendered({"forced_tools": False}, tools=[tool()], tool_choice="required")
    assert refusal.value.param == "tool_choice"
    assert rendered({"forced_tools": False}, tools=[tool()], tool_choice="auto").body["tool_choice"] == {"type": "auto"}
