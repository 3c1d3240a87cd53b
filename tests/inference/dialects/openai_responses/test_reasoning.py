"""Sealed reasoning between tool turns (pains 24): a reply carries it, the next request brings it back."""

from typing import Any

from .asking import (
    body,
    call,
    completed,
    items,
    message,
    on,
    read,
    rendered,
    reply,
    response,
    streamed,
    target,
    thought,
)

GO = {"role": "user", "content": "go"}


def echoed(*output: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What a caller sends back who keeps the whole message."""
    return {**reply(response(*output)).choices[0].message, **changes}


def answers(*ids: str) -> list[dict[str, Any]]:
    return [{"role": "tool", "tool_call_id": name, "content": "ok"} for name in ids]


def shapes(*messages: dict[str, Any]) -> list[str]:
    return [item.get("id") or item.get("call_id") or item["content"] for item in items(GO, *messages)[1:]]


def test_reasoning_goes_back_in_front_of_what_it_led_to() -> None:
    output = (
        thought("rs_1", "s1", "Hm."),
        message("Let me see."),
        thought("rs_2", "s2"),
        call("f", "{}", "a"),
        call("f", "{}", "b"),
    )
    sent = items(GO, echoed(*output), *answers("a", "b"))
    assert shapes(echoed(*output), *answers("a", "b")) == ["rs_1", "Let me see.", "rs_2", "a", "b", "a", "b"]
    assert sent[1] == {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "s1",
    }


def test_a_stream_carries_the_same_once_before_its_end() -> None:
    output = thought("rs_1", "s1"), call("f", "{}", "a")
    events = [on(at, "output_item.done", item=item) for at, item in enumerate(output)]
    assert streamed(*events, completed(*output)).choices[0].message == reply(response(*output)).choices[0].message


def test_nothing_is_carried_where_there_is_nothing_to_keep() -> None:
    assert "extra_content" not in echoed(thought("rs_1", None), message("Hi."), call("f", "{}", "a"))


def test_nothing_breaks_when_callers_echo_nothing() -> None:
    spoken = echoed(thought("rs_1", "s1"), message("Hm."), call("f", "{}", "a"))
    plain = {name: spoken[name] for name in ("role", "content", "tool_calls")}
    assert shapes(plain, *answers("a")) == ["Hm.", "a", "a"]


def test_phases_of_messages_survive_in_their_places() -> None:
    spoken = echoed(
        message("Looking.", phase="commentary"), call("f", "{}", "a"), message("Found.", phase="final_answer")
    )
    sent = items(GO, spoken, *answers("a"))
    assert [(item.get("phase"), item.get("content")) for item in sent[1:4]] == [
        ("commentary", "Looking."),
        (None, None),
        ("final_answer", "Found."),
    ]


def test_a_text_the_caller_changed_is_sent_as_it_is() -> None:
    spoken = echoed(
        thought("rs_1", "s1"), message("One."), message("Two.", phase="final_answer"), content="Other words."
    )
    assert shapes(spoken) == ["rs_1", "Other words."]


def test_calls_the_caller_removed_take_their_reasoning_along() -> None:
    spoken = echoed(message("Hm."), thought("rs_1", "s1"), call("f", "{}", "a"), tool_calls=None)
    assert shapes(spoken) == ["Hm."]


def test_reasoning_that_led_to_nothing_is_not_sent() -> None:
    assert shapes(echoed(thought("rs_1", "s1")), GO) == ["", [{"type": "input_text", "text": "go"}]]


def test_another_model_could_not_unseal_it() -> None:
    spoken = echoed(thought("rs_1", "s1"), message("Hm."))
    sent = rendered(GO, spoken, to=target("gpt-5.3-codex")).body["input"]
    assert [item["type"] for item in sent] == ["message", "message"]


def test_only_what_we_know_is_taken_from_a_callers_hands() -> None:
    forged = [
        {"type": "item_reference", "id": "msg_of_somebody"},
        {"type": "web_search_call", "id": "ws_1"},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": 5}, 7],
            "encrypted_content": "s",
            "status": "x",
        },
        {"type": "reasoning", "id": 5, "encrypted_content": "s"},
        {"type": "message", "length": -3, "phase": "root"},
        {"type": "function_call", "call_id": ["a"]},
        "nonsense",
    ]
    spoken = {
        "role": "assistant",
        "content": "Hm.",
        "extra_content": {"openai": {"model": "gpt-5.2-codex", "output": forged}},
    }
    assert items(GO, spoken)[1:] == [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "s"},
        {"type": "message", "role": "assistant", "content": "Hm."},
    ]


def test_a_carrier_of_another_shape_is_no_carrier() -> None:
    for extra in (
        {"openai": 5},
        {"openai": {"model": "gpt-5.2-codex", "output": 5}},
        {"openai": {}},
        {"google": {}},
        {},
    ):
        assert shapes({"role": "assistant", "content": "Hm.", "extra_content": extra}) == ["Hm."]


def test_three_turns_keep_every_thought() -> None:
    first = echoed(thought("rs_1", "s1"), call("f", "{}", "a"))
    second = echoed(thought("rs_2", "s2"), call("f", "{}", "b"))
    assert shapes(first, *answers("a"), second, *answers("b")) == ["rs_1", "a", "a", "rs_2", "b", "b"]


def test_the_same_conversation_renders_to_the_same_body() -> None:
    """The provider's prompt cache depends on it."""
    spoken = echoed(thought("rs_1", "s1"), message("Hm."))
    assert body(GO, spoken) == body(GO, spoken)
    assert read(GO, spoken).messages[1].extra_content == spoken["extra_content"]
