"""Streams, chunk by chunk."""

import json
from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Delta
from inference.dialects import openai_chat
from inference.sse import Event
from tests.inference.dialects.openai_chat.asking import Json, chunk, request, sse, streamed, told, usage_chunk

OPENING = chunk({"role": "assistant", "content": "", "refusal": None})


def fields(*chunks: Json | str) -> list[Json]:
    return [delta.fields for delta in told(sse(*chunks))[0] if delta.finish_reason is None]


def finishes(*chunks: Json | str) -> list[tuple[int, str]]:
    return [(delta.index, delta.finish_reason) for delta in told(sse(*chunks))[0] if delta.finish_reason is not None]


def fragment(
    index: int | None = 0, *, call_id: str | None = None, name: str | None = None, arguments: Any = None
) -> Json:
    numbered = {} if index is None else {"index": index}
    return chunk(
        {
            "tool_calls": [
                {**numbered, "id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
            ]
        }
    )


def start(number: int, call_id: str, name: str) -> Json:
    return {
        "tool_calls": [
            {"index": number, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
        ]
    }


def more(number: int, arguments: str) -> Json:
    return {"tool_calls": [{"index": number, "function": {"arguments": arguments}}]}


def test_text_comes_as_it_is_said_and_the_finish_last() -> None:
    stream = (
        OPENING,
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        chunk(finish="stop"),
        usage_chunk(prompt_tokens=1, completion_tokens=2),
        "[DONE]",
    )
    deltas, facts = told(sse(*stream))
    assert deltas == [Delta({"content": "Hel"}), Delta({"content": "lo"}), Delta(finish_reason="stop")]
    assert facts.usage is not None


def test_each_delta_has_one_kind_of_field() -> None:
    mixed = chunk({"content": "a", "reasoning_content": "b", "refusal": "c", "annotations": [{"type": "url_citation"}]})
    assert fields(mixed, chunk(finish="stop")) == [
        {"reasoning_content": "b"},
        {"content": "a"},
        {"refusal": "c"},
        {"annotations": [{"type": "url_citation"}]},
    ]


def test_nothing_said_is_nothing_told() -> None:
    silent = [
        {"content": None},
        {"content": ""},
        {"content": None, "reasoning_content": ""},
        {"annotations": []},
        {"tool_calls": []},
        {},
    ]
    assert fields(*(chunk(delta) for delta in silent), chunk(finish="stop")) == []


def test_a_thought_under_two_names_is_told_once() -> None:
    thought = chunk({"content": "", "reasoning": "Hm", "reasoning_details": [{"type": "reasoning.text", "text": "Hm"}]})
    assert fields(thought, chunk(finish="stop")) == [{"reasoning_content": "Hm"}]


# Calls


def test_a_call_starts_once_and_then_asks() -> None:
    stream = (
        fragment(0, call_id="call_a", name="f", arguments=""),
        fragment(arguments='{"a":'),
        fragment(arguments="1}"),
        chunk(finish="tool_calls"),
    )
    assert fields(*stream) == [start(0, "call_a", "f"), more(0, '{"a":'), more(0, "1}")]


def test_qwens_empty_ids_names_and_nulls_are_no_news() -> None:
    stream = (
        fragment(0, call_id="call_a", name="f", arguments='{"a":'),
        fragment(0, call_id="", name="", arguments="1}"),
        fragment(0, call_id="", arguments=None),
        chunk(finish="tool_calls"),
    )
    assert fields(*stream) == [start(0, "call_a", "f"), more(0, '{"a":'), more(0, "1}")]


def test_a_call_that_asks_nothing_asks_an_empty_object() -> None:
    assert fields(fragment(0, call_id="a", name="f", arguments=""), chunk(finish="tool_calls")) == [
        start(0, "a", "f"),
        more(0, "{}"),
    ]


def test_calls_in_one_chunk_and_across_chunks_have_numbers_of_their_own() -> None:
    both = chunk(
        {
            "tool_calls": [
                {"index": at, "id": f"call_{at}", "function": {"name": "f", "arguments": f"[{at}]"}} for at in (0, 1)
            ]
        }
    )
    stream = (both, fragment(2, call_id="call_2", name="f", arguments="[2]"), chunk(finish="tool_calls"))
    calls = streamed(*stream).choices[0].message["tool_calls"]
    assert [(each["id"], each["function"]["arguments"]) for each in calls] == [
        ("call_0", "[0]"),
        ("call_1", "[1]"),
        ("call_2", "[2]"),
    ]


@pytest.mark.parametrize("indices", [(0, 0), (None, None), (1, 2), (5, 0)])
def test_calls_are_numbered_from_zero_whatever_the_provider_does(indices: tuple[int | None, int | None]) -> None:
    stream = [fragment(index, call_id=f"call_{at}", name="f", arguments=f"[{at}]") for at, index in enumerate(indices)]
    calls = streamed(*stream, chunk(finish="tool_calls")).choices[0].message["tool_calls"]
    assert [each["function"]["arguments"] for each in calls] == ["[0]", "[1]"]


def test_fragments_without_an_index_belong_to_the_last_call() -> None:
    stream = (
        fragment(None, call_id="a", name="f", arguments='{"a'),
        fragment(None, arguments='":1}'),
        chunk(finish="tool_calls"),
    )
    assert streamed(*stream).choices[0].message["tool_calls"][0]["function"]["arguments"] == '{"a":1}'


def test_a_new_id_without_a_name_is_the_same_call() -> None:
    stream = (
        fragment(0, call_id="a", name="f", arguments="{"),
        fragment(0, call_id="b", arguments="}"),
        chunk(finish="tool_calls"),
    )
    assert fields(*stream) == [start(0, "a", "f"), more(0, "{"), more(0, "}")]
    assert finishes(*stream) == [(0, "tool_calls")]


def test_a_call_waits_for_its_name() -> None:
    stream = (fragment(0, call_id="a", arguments="{"), fragment(0, name="f", arguments="}"), chunk(finish="tool_calls"))
    assert fields(*stream) == [start(0, "a", "f"), more(0, "{}")]


def test_a_call_that_never_has_a_name_is_a_broken_reply() -> None:
    with pytest.raises(ProviderError) as fault:
        streamed(fragment(0, call_id="a", arguments='{"x": 1}'), chunk(finish="tool_calls"))
    assert fault.value.code == "bad_upstream_response"


def test_a_call_without_an_id_gets_one() -> None:
    call = (
        streamed(fragment(0, name="f", arguments="{}"), chunk(finish="tool_calls")).choices[0].message["tool_calls"][0]
    )
    assert len(call["id"]) == 29


def test_a_function_call_of_2023_is_a_tool_call() -> None:
    stream = (
        chunk({"function_call": {"name": "f", "arguments": ""}}),
        chunk({"function_call": {"arguments": "[1]"}}),
        chunk(finish="function_call"),
    )
    choice = streamed(*stream).choices[0]
    assert choice.message["tool_calls"][0]["function"] == {"name": "f", "arguments": "[1]"}
    assert choice.finish_reason == "tool_calls"


# The end


def test_several_choices_finish_each() -> None:
    stream = (
        chunk({"content": "a"}, index=1),
        chunk({"content": "b"}),
        chunk(finish="length", index=1),
        chunk(finish="stop"),
        "[DONE]",
    )
    assert finishes(*stream) == [(0, "stop"), (1, "length")]


def test_one_choice_without_a_finish_is_a_broken_stream() -> None:
    with pytest.raises(ProviderError):
        told(sse(chunk({"content": "a"}, index=1), chunk({"content": "b"}), chunk(finish="stop"), "[DONE]"))


def test_a_finish_said_twice_is_told_once() -> None:
    assert finishes(chunk({"content": "a"}, finish="length"), chunk({"content": ""}, finish="stop"), "[DONE]") == [
        (0, "length")
    ]


def test_text_in_the_chunk_of_the_finish_is_not_lost() -> None:
    assert fields(chunk({"content": "a"}, finish="stop")) == [{"content": "a"}]


def test_the_word_null_is_no_finish() -> None:
    assert finishes(chunk({"content": "a"}, finish="null"), chunk(finish="stop")) == [(0, "stop")]


def test_a_missing_farewell_is_forgiven_and_nothing_after_it_is_heard() -> None:
    assert finishes(chunk(finish="stop")) == [(0, "stop")]
    assert fields(chunk({"content": "a"}, finish="stop"), "[DONE]", chunk({"content": "b"})) == [{"content": "a"}]


@pytest.mark.parametrize(
    "stream", [(), ("[DONE]",), (OPENING, "[DONE]"), (usage_chunk(prompt_tokens=1, completion_tokens=1), "[DONE]")]
)
def test_no_finish_is_ever_made_up(stream: tuple[Any, ...]) -> None:
    with pytest.raises(ProviderError) as fault:
        told(sse(*stream))
    assert fault.value.code == "upstream_truncated"


# Facts


def test_azures_empty_first_chunk_says_nothing() -> None:
    first = {
        "choices": [],
        "created": 0,
        "id": "",
        "model": "",
        "object": "",
        "prompt_filter_results": [{"prompt_index": 0}],
    }
    facts = streamed(first, chunk({"content": "a"}), chunk(finish="stop")).facts
    assert (facts.model, facts.upstream_id, facts.created) == ("gpt-5-mini-2025-08-07", "chatcmpl-1", 1795430000)


def test_no_usage_is_none() -> None:
    assert streamed(chunk({"content": "a"}), chunk(finish="stop", usage=None)).facts.usage is None


def test_usage_told_twice_counts_once() -> None:
    both = {"usage": {"prompt_tokens": 5, "completion_tokens": 1, "cached_tokens": 2}}
    facts = streamed(chunk(finish="stop", **both), usage_chunk(prompt_tokens=5, completion_tokens=3)).facts
    assert facts.usage is not None
    assert facts.usage.buckets() == {"input": 3, "cached": 2, "output": 3}
    assert facts.raw_usage == {"prompt_tokens": 5, "completion_tokens": 3, "cached_tokens": 2}


def test_odds_come_with_their_text_or_before_it() -> None:
    odds = {
        "content": [
            {"token": "\ud83d".encode("utf-8", "replace").decode(), "logprob": -0.1, "bytes": [240], "top_logprobs": []}
        ],
        "refusal": None,
    }
    early, late = chunk({"content": ""}), chunk({"content": "a"})
    early["choices"][0]["logprobs"] = late["choices"][0]["logprobs"] = odds
    deltas, _ = told(sse(early, late, chunk(finish="stop")))
    assert deltas[:2] == [Delta({"content": ""}, logprobs=odds), Delta({"content": "a"}, logprobs=odds)]


# Failures


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"error": {"message": "Sorry", "type": "server_error", "param": None, "code": None}}, "upstream_error"),
        ({"error": {"message": "Slow down", "type": "rate_limit_reached_error"}}, "rate_limit_exceeded"),
        ({"error": {"message": "Bad", "code": "data_inspection_failed"}}, "content_filter"),
        ({**chunk(finish="error"), "error": {"code": 502, "message": "Provider disconnected"}}, "upstream_error"),
        (chunk(finish="error"), "upstream_error"),
        ({"error": "overloaded"}, "upstream_error"),
        ({"object": "error", "message": "Internal", "type": "InternalServerError", "code": 500}, "upstream_error"),
        (
            {"code": "Throttling.RateQuota", "message": "Requests rate limit exceeded", "request_id": "1"},
            "rate_limit_exceeded",
        ),
    ],
)
def test_a_failure_in_the_middle_is_no_finish(event: Json, code: str) -> None:
    with pytest.raises(ProviderError) as fault:
        told(sse(OPENING, chunk({"content": "Hel"}), event, "[DONE]"))
    assert fault.value.code == code


def test_an_event_named_error_is_a_failure_whatever_it_holds() -> None:
    translator = openai_chat.stream(ProviderRequest(request(), {}))
    with pytest.raises(ProviderError):
        translator.feed(Event(json.dumps({"reason": "gone"}), name="error"))


@pytest.mark.parametrize("data", ["{", "[]", "5", "<html>", '{"choices": [{"index": 0, "delta": {"content": "a'])
def test_what_is_no_chunk_is_a_fault(data: str) -> None:
    with pytest.raises(ProviderError) as fault:
        told(sse(OPENING, data))
    assert fault.value.code == "bad_upstream_response"


def test_comments_and_blanks_are_passed_over() -> None:
    raw = b": OPENROUTER PROCESSING\n\ndata:\n\ndata:  \n\n" + sse(
        chunk({"content": "a"}), chunk(finish="stop"), "[DONE]"
    )
    assert [delta.fields for delta in told(raw)[0]] == [{"content": "a"}, {}]
