"""Answers and streams."""

import json
from typing import Any

import pytest

from inference.chat.provider_error import BAD_RESPONSE, TRUNCATED, ProviderError
from inference.dialects import gemini
from inference.dialects.gemini.signatures import STAND_IN
from inference.sse import Event
from tests.inference.dialects.gemini.asking import (
    Json,
    answer,
    broken,
    call,
    calling,
    function_call,
    gathered,
    message,
    rendered,
    reply,
    result,
    streamed,
    text,
    tool,
    usage,
    user,
)

HEL = answer(text("Hel"), **usage(4, None, totalTokenCount=4), modelVersion="gemini-3-flash-preview")
LO = answer(
    text("lo", thoughtSignature="RXE="), finish="STOP", **usage(4, 2, thoughtsTokenCount=31, totalTokenCount=37)
)


def test_the_worked_example_of_a_reply() -> None:
    told = answer(
        text("The user wants…", thought=True),
        {"functionCall": {"id": "fc_1", "name": "get_weather", "args": {"city": "Paris"}}, "thoughtSignature": "CsgB"},
        finish="STOP",
        **usage(61, 18, thoughtsTokenCount=240, totalTokenCount=319),
    )
    (choice,) = reply(told).choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message == {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "reasoning_content": "The user wants…",
        "tool_calls": [
            {
                "id": "fc_1",
                "type": "function",
                "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
                "extra_content": {"google": {"thought_signature": "CsgB"}},
            }
        ],
    }


def test_the_worked_example_of_a_stream() -> None:
    found, facts = streamed(HEL, LO)
    assert [delta.fields for delta in found] == [
        {"content": "Hel"},
        {"content": "lo"},
        {"extra_content": {"google": {"thought_signature": "RXE="}}},
        {},
    ]
    assert found[-1].finish_reason == "stop"
    assert facts.usage is not None and facts.usage.as_openai()["completion_tokens"] == 33


def test_a_call_starts_with_its_name_and_goes_on_with_its_arguments() -> None:
    found, _ = streamed(answer({"functionCall": {"id": "fc", "name": "f"}, "thoughtSignature": "c2ln"}, finish="STOP"))
    assert [delta.fields for delta in found[:2]] == [
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "fc",
                    "type": "function",
                    "extra_content": {"google": {"thought_signature": "c2ln"}},
                    "function": {"name": "f", "arguments": ""},
                }
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
    ]


def test_a_finish_before_the_end_is_told_at_the_end_once() -> None:
    late = answer(text("!"), finish="STOP", **usage())
    found, facts = streamed(answer(text("Hi"), finish="STOP"), late, answer(text("", thoughtSignature="c2ln")))
    assert [delta.finish_reason for delta in found] == [None, None, None, "stop"]
    assert facts.usage is not None


def test_a_stop_after_calls_does_not_hide_them() -> None:
    found, _ = streamed(answer(function_call("f", {})), answer(finish="STOP"))
    assert gathered(found).finish_reason == "tool_calls"


def test_one_call_at_a_time_where_the_caller_wants_it() -> None:
    two = answer(function_call("f", {"n": 1}), function_call("f", {"n": 2}), finish="STOP")
    (only,) = reply(two, tools=[tool("f")], parallel_tool_calls=False).choices[0].message["tool_calls"]
    assert only["function"]["arguments"] == '{"n":1}'
    assert len(reply(two, tools=[tool("f")], parallel_tool_calls=True).choices[0].message["tool_calls"]) == 2


def test_changed_names_are_the_callers_again() -> None:
    called = message(function_call("_1st", {}), tools=[tool("1st")])["tool_calls"][0]
    assert called["function"]["name"] == "1st"


def test_an_id_given_twice_is_given_once() -> None:
    one = {"functionCall": {"id": "same", "name": "f"}}
    first, second = message(one, one)["tool_calls"]
    assert first["id"] == "same" != second["id"]


def test_parts_of_googles_own_tools_stay_silent() -> None:
    own: list[Json] = [
        {"executableCode": {"language": "PYTHON", "code": "1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK"}},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"toolCall": {}},
        {"somethingNew": 1},
    ]
    assert message(text("a"), *own, text("b"))["content"] == "ab"


def test_an_answer_without_words_is_empty() -> None:
    assert message()["content"] == ""
    assert reply({"candidates": [{"finishReason": "MAX_TOKENS"}]}).choices[0].finish_reason == "length"


def test_a_list_of_answers_is_a_stream_in_one_piece() -> None:
    assert reply([HEL, LO]).choices[0].message["content"] == "Hello"


def test_several_candidates_are_several_choices() -> None:
    two = {"candidates": [{"content": {"parts": [text(word)]}, "finishReason": "STOP"} for word in ("a", "b")]}
    assert [(one.index, one.message["content"]) for one in reply(two).choices] == [(0, "a"), (1, "b")]


def test_a_prompt_blocked_in_the_middle_ends_what_was_said() -> None:
    found, facts = streamed(
        answer(text("Hi")), {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, **usage(8, 2)}
    )
    assert gathered(found).message["content"] == "Hi" and found[-1].finish_reason == "content_filter"
    assert not facts.free


def test_feedback_without_a_reason_blocks_nothing() -> None:
    assert reply({**answer(text("Hi"), finish="STOP"), "promptFeedback": {"safetyRatings": []}}).choices[0].message[
        "content"
    ] == "Hi"  # fmt: skip


@pytest.mark.parametrize(
    "reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"]
)
def test_a_garbled_call_is_asked_for_again_once(reason: str) -> None:
    _, _, fault = broken({"candidates": [{"content": {}, "finishReason": reason}], **usage()})
    assert (fault.meaning.code, fault.meaning.status, fault.meaning.retries) == ("bad_upstream_response", 502, 1)


def test_a_missing_signature_is_asked_for_again_with_stand_ins() -> None:
    sent = rendered(
        "gemini-2.5-flash", messages=[user(), calling(call("a", signature="b2xk")), result("a")], tools=[tool()]
    )
    _, _, fault = broken({"candidates": [{"finishReason": "MISSING_THOUGHT_SIGNATURE"}]}, sent=sent)
    assert fault.meaning.retries == 1
    assert sent.body["contents"][1]["parts"][0]["thoughtSignature"] == STAND_IN


@pytest.mark.parametrize("error", [{"code": 503, "status": "UNAVAILABLE", "message": "Busy."}, {"code": 503}])
@pytest.mark.parametrize("form", [lambda error: {"error": error}, lambda error: [{"error": error}]])
def test_an_error_in_the_stream_is_told(error: Json, form: Any) -> None:
    found, _, fault = broken(answer(text("Once")), form(error))
    assert [delta.fields for delta in found] == [{"content": "Once"}]
    assert fault.code == "overloaded"


@pytest.mark.parametrize("told", [{"error": {"code": 429}}, [{"error": {"code": 429}}]])
def test_an_error_of_status_200_is_one(told: Any) -> None:
    with pytest.raises(ProviderError) as fault:
        reply(told)
    assert fault.value.code == "rate_limit_exceeded"


@pytest.mark.parametrize("told", [{}, [], {"candidates": []}, {"this": 1}, {"candidates": "x"}, "text", 7, None, [1]])
def test_an_answer_that_is_none_is_a_bad_response(told: Any) -> None:
    with pytest.raises(ProviderError) as fault:
        reply(told)
    assert fault.value.meaning is BAD_RESPONSE


@pytest.mark.parametrize("data", ["{", "<html>", "7", '"text"', "[1]"])
def test_an_event_that_is_none_is_a_bad_response(data: str) -> None:
    with pytest.raises(ProviderError) as fault:
        gemini.stream(rendered()).feed(Event(data))
    assert fault.value.meaning is BAD_RESPONSE


@pytest.mark.parametrize("told", [answer(text("Hi")), answer(text("Hi"), finish="FINISH_REASON_UNSPECIFIED")])
def test_an_end_that_was_not_told_is_not_invented(told: Json) -> None:
    with pytest.raises(ProviderError) as fault:
        reply(told)
    assert fault.value.meaning is TRUNCATED
    assert broken(told)[2].meaning is TRUNCATED and broken()[2].meaning is TRUNCATED


def test_awkward_letters_arrive_as_they_are() -> None:
    words = "a\u2028b👩‍💻\u0085é"
    found, _ = streamed(answer(text(words), finish="STOP"))
    assert [delta.fields for delta in found[:-1]] == [{"content": words}]
    assert json.loads(message(function_call("f", {"é": words}))["tool_calls"][0]["function"]["arguments"]) == {
        "é": words
    }
