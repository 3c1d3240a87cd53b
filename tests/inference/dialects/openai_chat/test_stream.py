"""Streams, chunk by chunk."""

import json
from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Delta
from inference.dialects import openai_chat
from inference.sse import Event
from tests.inference.dialects.openai_chat.asking import (
    Json,
    chunk,
    fields,
    finishes,
    request,
    sse,
    streamed,
    told,
    usage_chunk,
)

OPENING = chunk({"role": "assistant", "content": "", "refusal": None})


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
