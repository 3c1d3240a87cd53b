from typing import Any

import pytest

from inference.chat.provider_error import ProviderError

from .asking import call, message, reply, response, thought


def test_a_message_is_the_content() -> None:
    choice = reply(response(thought("rs_1", None, "Hm."), message("Hel", "lo"), message("!"))).choices[0]
    assert choice.message == {"role": "assistant", "content": "Hello!", "refusal": None, "reasoning_content": "Hm."}
    assert choice.finish_reason == "stop"


def test_calls_have_their_call_ids_and_no_content() -> None:
    message_ = reply(response(call("f", '{"a":1}', "call_1"), call("g", "", "call_2"))).choices[0].message
    assert message_["content"] is None
    assert [(made["id"], made["function"]) for made in message_["tool_calls"]] == [
        ("call_1", {"name": "f", "arguments": '{"a":1}'}),
        ("call_2", {"name": "g", "arguments": "{}"}),
    ]


def test_a_call_without_an_id_gets_one() -> None:
    (made,) = (
        reply(response({"type": "function_call", "name": "f", "arguments": "{}"})).choices[0].message["tool_calls"]
    )
    assert made["id"].startswith("call_") and len(made["id"]) == len("call_") + 24


def test_a_custom_call_is_one() -> None:
    custom = {"type": "custom_tool_call", "call_id": "call_1", "name": "sql", "input": "SELECT 1"}
    choice = reply(response(custom)).choices[0]
    assert choice.message["tool_calls"] == [
        {"id": "call_1", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
    ]
    assert choice.finish_reason == "tool_calls"


def test_an_empty_reply_is_an_empty_text() -> None:
    assert reply(response()).choices[0].message["content"] == ""


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_reply_that_is_not_there_yet_is_none(status: str) -> None:
    with pytest.raises(ProviderError) as bad:
        reply(response(status=status))
    assert bad.value.code == "bad_upstream_response"


@pytest.mark.parametrize(
    "body", [{}, {"output": None}, {"choices": []}, {"output": {}, "status": "completed"}, [], 5, None]
)
def test_what_is_no_response_is_a_bad_one(body: Any) -> None:
    with pytest.raises(ProviderError) as bad:
        reply(body)
    assert bad.value.code == "bad_upstream_response"


def test_a_failed_response_is_a_fault() -> None:
    with pytest.raises(ProviderError) as failed:
        reply(response(status="failed", error={"code": "server_error", "message": "An error occurred"}))
    assert failed.value.meaning.status == 502
    with pytest.raises(ProviderError):
        reply({"error": {"message": "no", "type": "server_error"}})
    with pytest.raises(ProviderError):
        reply(response(status="cancelled"))
