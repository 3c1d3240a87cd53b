from typing import Any

import pytest

from inference.chat import conversation
from inference.chat.messages import Message

from .test_request import read, refusal

USER = {"role": "user", "content": "go"}


def calls(*ids: str) -> dict[str, Any]:
    made = [{"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}} for name in ids]
    return {"role": "assistant", "tool_calls": made}


def answer(call_id: str | None) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "done"}


def test_calls_are_answered_in_any_order() -> None:
    assert len(read(messages=[USER, calls("a", "b"), answer("b"), answer("a"), USER]).messages) == 5


@pytest.mark.parametrize(
    "messages",
    [
        [answer("a")],
        [USER, answer("a")],
        [calls("a"), answer("b")],
        [calls("a"), answer("a"), answer("a")],
        [calls("a"), answer("a"), calls("b"), answer("a")],
        [calls("a")],
        [calls("a"), USER, answer("a")],
        [USER, {"role": "function", "name": "f", "content": "x"}],
    ],
)
def test_answers_that_do_not_fit_their_calls_are_refused(messages: list[dict[str, Any]]) -> None:
    refused = refusal(messages=messages)
    assert (refused.code, refused.param) == ("invalid_tool_message", "messages")


def test_case_09_a_call_left_unanswered_is_named_with_its_message() -> None:
    refused = refusal(messages=[USER, calls("a", "b"), answer("a"), USER])
    assert refused.code == "invalid_tool_message"
    assert "messages[2]" in refused.message and "'b'" in refused.message


def test_an_answer_needs_an_id() -> None:
    assert refusal(messages=[calls("a"), answer(None)]).code == "missing_required_parameter"


@pytest.mark.parametrize("role", ["system", "developer", "user", "tool"])
def test_these_roles_need_content(role: str) -> None:
    refused = refusal(messages=[{"role": role, "content": None}])
    assert refused.code == "missing_required_parameter" and "content" in refused.message


@pytest.mark.parametrize(
    ("role", "part"),
    [
        ("system", {"type": "image_url", "image_url": {"url": "https://a.example/a.png"}}),
        ("assistant", {"type": "image_url", "image_url": {"url": "https://a.example/a.png"}}),
        ("user", {"type": "refusal", "refusal": "no"}),
        ("user", {"type": "file", "file": {"file_id": "file-1"}}),
        ("user", {"type": "file", "file": {"file_id": "file-1", "file_data": "data:,"}}),
        ("user", {"type": "file", "file": {"filename": "a.pdf"}}),
        ("user", {"type": "video", "video": {}}),
    ],
)
def test_parts_a_role_cannot_hold_are_refused(role: str, part: dict[str, Any]) -> None:
    refused = refusal(messages=[{"role": role, "content": [part]}])
    assert refused.param == "messages" and "messages[0].content[0]" in refused.message


def test_only_assistants_call_tools_and_nobody_speaks_aloud() -> None:
    assert refusal(messages=[{**calls("a"), "role": "user", "content": "x"}, answer("a")]).param == "messages"
    assert refusal(messages=[{"role": "assistant", "audio": {"id": "a"}}]).code == "unsupported_value"


def test_a_legacy_call_and_its_answer_become_a_tool_call() -> None:
    legacy = [
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": None},
    ]
    call, result = read(messages=[*legacy, USER, *legacy]).messages[3:]
    assert call.calls[0].function.name == "f" and call.function_call is None
    assert (result.role, result.tool_call_id, result.content) == ("tool", call.calls[0].id, "")


def test_the_current_turn_begins_after_the_last_user() -> None:
    messages = read(messages=[USER, calls("a"), answer("a")]).messages
    assert conversation.last_user(messages) == 0
    assert conversation.last_user(messages[1:]) == -1


def test_text_and_parts_of_a_message() -> None:
    spoken = Message.model_validate(
        {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}]}
    )
    assert spoken.text == "ab" and len(spoken.parts) == 2
    assert Message(role="user", content="").parts == []
    assert [part.type for part in Message(role="user", content="a").parts] == ["text"]


@pytest.mark.parametrize("extra", [None, {}, {"google": None}, {"google": []}, {"google": {"thought_signature": 5}}])
def test_a_signature_is_a_text_or_none(extra: Any) -> None:
    call = {**calls("a")["tool_calls"][0], "extra_content": extra}
    (message, _) = read(messages=[{"role": "assistant", "tool_calls": [call]}, answer("a")]).messages
    assert message.calls[0].signature is None
