"""Turns as Claude takes them."""

from typing import Any

import pytest

from tests.inference.dialects.anthropic.claude import (
    MODELS,
    Json,
    body,
    call,
    calling,
    messages,
    rendered,
    result,
    text,
    tool,
    user,
)

SONNET, OPUS = "claude-sonnet-4.5", "claude-opus-4.6"
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}


def assistant(content: Any = "B", **fields: Any) -> Json:
    return {"role": "assistant", "content": content, **fields}


def test_neighbours_of_one_role_share_a_turn() -> None:
    assert messages(SONNET, user("A"), user("B"), assistant("C"), assistant("D"), user("E")) == [
        {"role": "user", "content": [text("A"), text("B")]},
        {"role": "assistant", "content": [text("C"), text("D")]},
        {"role": "user", "content": [text("E")]},
    ]


def test_the_first_turn_is_the_users() -> None:
    assert messages(SONNET, assistant("Hi"), user("A"))[0] == {"role": "user", "content": [text(".")]}


@pytest.mark.parametrize("blank", ["", "  ", "\n\u00a0"])
def test_blank_text_is_left_out(blank: str) -> None:
    parts = [{"type": "text", "text": blank, "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "A"}]
    sent = body(messages=[{"role": "system", "content": blank}, {"role": "user", "content": parts}, assistant(blank)])
    assert sent["messages"] == [{"role": "user", "content": [text("A")]}]
    assert "system" not in sent


def test_a_conversation_of_nothing_still_has_a_turn() -> None:
    assert messages(SONNET, user("")) == [{"role": "user", "content": [text(".")]}]


def test_of_system_messages_alone_the_last_is_the_users() -> None:
    sent = body(messages=[{"role": "system", "content": "S"}, {"role": "developer", "content": "T"}])
    assert sent["system"] == [text("S")]
    assert sent["messages"] == [{"role": "user", "content": [text("T")]}]


def test_refusals_are_text() -> None:
    spoken = [
        user(),
        assistant(None, refusal="No."),
        user(),
        assistant([{"type": "refusal", "refusal": "Never."}]),
        user(),
    ]
    sent = messages(SONNET, *spoken)
    assert [turn["content"] for turn in sent if turn["role"] == "assistant"] == [[text("No.")], [text("Never.")]]


def test_an_empty_result_has_no_content() -> None:
    assert messages(SONNET, user(), calling(call("a")), result("a", ""))[-1]["content"] == [
        {"type": "tool_result", "tool_use_id": "a"}
    ]


def test_a_result_may_hold_an_image() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://images.example/a.png"}}
    sent = messages(SONNET, user(), calling(call("a")), result("a", [{"type": "text", "text": "see"}, picture]))
    assert sent[-1]["content"][0]["content"] == [
        text("see"),
        {"type": "image", "source": {"type": "url", "url": "https://images.example/a.png"}},
    ]


def test_an_id_used_again_in_a_later_turn_is_made_unique() -> None:
    step = [calling(call("call_0")), result("call_0")]
    sent = messages(SONNET, user(), *step, *step)
    ids = [block.get("id") or block.get("tool_use_id") for turn in sent[1:] for block in turn["content"]]
    assert ids == ["call_0", "call_0", "call_0-2", "call_0-2"]


def test_ids_and_names_claude_refuses_are_changed_alike_everywhere() -> None:
    sent = body(messages=[user(), calling(call("", "a.b")), result("")])
    use, answer = sent["messages"][1]["content"][0], sent["messages"][2]["content"][0]
    assert use["id"] == answer["tool_use_id"] == "-da39a3"
    assert use["name"] == sent["tools"][0]["name"] == "a_b"


def test_calls_without_tools_are_declared_and_barred() -> None:
    history = [user(), calling(call("a", "f"), call("b", "g"), call("c", "f")), *map(result, "abc")]
    sent = body(messages=history)
    assert [declared["name"] for declared in sent["tools"]] == ["f", "g"]
    assert sent["tools"][0]["input_schema"] == {"type": "object", "properties": {}}
    assert sent["tool_choice"] == {"type": "none"}


# --- how a conversation ends


@pytest.mark.parametrize("model", MODELS[1:])
def test_a_prefill_has_no_white_space_at_its_end(model: str) -> None:
    sent = rendered(model, messages=[user(), assistant("Sure: \n")])
    assert sent.body["messages"][-1] == {"role": "assistant", "content": [text("Sure:")]}
    assert sent.transforms == []


def test_opus_4_6_is_told_to_continue() -> None:
    sent = rendered(OPUS, messages=[user(), assistant("Sure:")])
    assert sent.body["messages"][-1] == {"role": "user", "content": [text("Continue.")]}
    assert sent.transforms == ["continue_appended"]


def test_with_thinking_a_prefill_is_a_turn_like_any_other() -> None:
    sent = rendered(SONNET, messages=[user(), assistant("Sure: ")], reasoning_effort="low")
    assert sent.body["messages"][-1] == {"role": "user", "content": [text("Continue.")]}
    assert sent.body["thinking"] == {"type": "enabled", "budget_tokens": 2048}


def test_with_json_output_a_prefill_is_dropped() -> None:
    sent = rendered(SONNET, messages=[user(), assistant("{")], response_format={"type": "json_object"})
    assert sent.body["messages"] == [{"role": "user", "content": [text("Hello")]}]
    assert sent.transforms == ["prefill_dropped"]


# --- thoughts that come back


def test_thoughts_come_first_and_unchanged() -> None:
    hidden = {"type": "redacted_thinking", "data": "aGk="}
    turn = calling(call("a"), content="Well,", thinking_blocks=[{**THOUGHT, "extra": 1}, hidden])
    assert [block["type"] for block in messages(SONNET, user(), turn, result("a"))[1]["content"]] == [
        "thinking",
        "redacted_thinking",
        "text",
        "tool_use",
    ]
    assert messages(SONNET, user(), turn, result("a"))[1]["content"][:2] == [THOUGHT, hidden]


@pytest.mark.parametrize(
    "foreign",
    [
        {"type": "thinking", "thinking": "Hm."},
        {**THOUGHT, "signature": ""},
        {"type": "thinking"},
        {"type": "reasoning"},
        {},
    ],
)
def test_thoughts_claude_did_not_sign_are_not_sent(foreign: Json) -> None:
    turn = assistant("B", thinking_blocks=[foreign])
    assert messages(SONNET, user(), turn, user())[1]["content"] == [text("B")]


def test_a_turn_of_thoughts_alone_is_dropped() -> None:
    assert len(messages(SONNET, user("A"), assistant(None, thinking_blocks=[THOUGHT]), user("B"))) == 1


def test_a_loop_that_kept_its_thoughts_goes_on_thinking() -> None:
    loop = [
        calling(call("a"), thinking_blocks=[THOUGHT]),
        result("a"),
        calling(call("b"), thinking_blocks=[THOUGHT]),
        result("b"),
    ]
    sent = rendered(SONNET, messages=[user(), *loop], tools=[tool()], reasoning_effort="high")
    assert sent.body["thinking"] == {"type": "enabled", "budget_tokens": 16384}
    assert sent.transforms == []


def test_one_step_without_its_thoughts_is_enough_to_go_on_without() -> None:
    loop = [calling(call("a")), result("a"), calling(call("b"), thinking_blocks=[THOUGHT]), result("b")]
    sent = rendered(SONNET, messages=[user(), *loop], tools=[tool()], reasoning_effort="high")
    assert "thinking" not in sent.body


def test_an_earlier_loop_does_not_matter() -> None:
    history = [user(), calling(call("a")), result("a"), assistant("Done."), user("Again")]
    assert "thinking" in body(SONNET, messages=history, tools=[tool()], reasoning_effort="high")


def test_adaptive_thinking_goes_on_without_its_thoughts() -> None:
    history = [user(), calling(call("a")), result("a")]
    sent = rendered(OPUS, messages=history, tools=[tool()], tool_choice="required", reasoning_effort="high")
    assert sent.body["thinking"] == {"type": "adaptive"}
    assert sent.transforms == []
