"""A row may say of a newer Claude what it refuses: no code changes for it."""

from dataclasses import replace

import pytest

from inference.chat.provider_request import ProviderRequest
from inference.dialects import anthropic
from tests.inference.dialects.anthropic.claude import request, target


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


def test_a_model_that_thinks_unless_told_not_to_hides_what_it_thinks() -> None:
    traits = replace(target("claude-opus-4.6").traits, thinking_off="disabled")
    assert anthropic.thinks(rendered({"thinking_off": "disabled"}), traits)
    assert not anthropic.thinks(rendered({"thinking_off": "disabled"}, reasoning_effort="none"), traits)
    between = {"thinking_off": "between_tools"}
    assert anthropic.thinks(rendered(between, reasoning_effort="none"), replace(traits, **between))


REMINDED = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Look."},
    {
        "role": "assistant",
        "thinking_blocks": [{"type": "thinking", "thinking": "t", "signature": "s"}],
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "c", "content": "A cat."},
    {"role": "system", "content": "A reminder."},
    {"role": "user", "content": "And?"},
]


def test_later_system_messages_stay_in_place_where_the_row_says_so() -> None:
    """Thoughts are bound to what stands before them."""
    body = rendered({"system_in_place": True}, messages=REMINDED, reasoning_effort="high").body
    before = rendered({"system_in_place": True}, messages=REMINDED[:4], reasoning_effort="high").body
    assert (body["system"], body["messages"][:3]) == (before["system"], before["messages"])
    assert [turn["role"] for turn in body["messages"][3:]] == ["system", "user"]
    assert body["messages"][3]["content"] == [{"type": "text", "text": "A reminder."}]


def test_elsewhere_they_are_hoisted() -> None:
    body = rendered({}, messages=REMINDED).body
    assert [block["text"] for block in body["system"]] == ["Be brief.", "A reminder."]
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]


def of_row(name: str, **fields: object) -> ProviderRequest:
    return anthropic.render(request(**fields), target(name))


@pytest.mark.parametrize("fields", [{"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}])
def test_opus_which_cannot_but_think_thinks_its_least_and_says_so(fields: dict[str, object]) -> None:
    sent = of_row("claude-opus-5.5", **fields)
    assert ("thinking" in sent.body, sent.body["output_config"]) == (False, {"effort": "low"})
    assert sent.transforms == ["reasoning_effort_fitted"]
    assert anthropic.thinks(sent, target("claude-opus-5.5").traits)


@pytest.mark.parametrize(("name", "off"), [("claude-sonnet-5.5", "between_tools"), ("claude-haiku-5.5", "disabled")])
def test_without_thinking_an_effort_goes_no_further_than_high(name: str, off: str) -> None:
    sent = of_row(name, thinking={"type": "disabled"}, reasoning_effort="xhigh")
    assert (sent.body["thinking"], sent.body["output_config"]) == ({"type": off}, {"effort": "high"})
    assert sent.transforms == ["reasoning_effort_fitted"]


def test_thoughts_are_shown_to_a_caller_who_asks_for_them() -> None:
    shown = {"type": "adaptive", "display": "summarized"}
    assert of_row("claude-sonnet-5.5", reasoning_effort="high").body["thinking"] == shown
    assert "thinking" not in of_row("claude-sonnet-5.5").body
