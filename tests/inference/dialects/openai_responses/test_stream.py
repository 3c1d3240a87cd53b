import json

import pytest

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.dialects import openai_responses
from inference.sse import Event

from .asking import call, completed, message, on, read, response, streamed, thought, told


def fields(*events: dict[str, object]) -> list[object]:
    return [delta.fields or delta.finish_reason for delta in told(*events)[0]]


def test_words_are_told_as_they_come_and_the_end_once() -> None:
    words = [on(0, "output_text.delta", content_index=0, delta=word) for word in ("Hel", "lo", "")]
    item = message("Hello")
    events = [*words, on(0, "output_text.done", text="Hello"), on(0, "output_item.done", item=item), completed(item)]
    assert fields(*events) == [{"content": "Hel"}, {"content": "lo"}, "stop"]


def test_a_call_starts_with_its_call_id_and_goes_on_in_fragments() -> None:
    item = call("f", '{"a":1}', "call_1")
    opened = on(0, "output_item.added", item={**item, "arguments": ""})
    pieces = [on(0, "function_call_arguments.delta", delta=piece) for piece in ('{"a"', ":1}")]
    start, *fragments, finish = fields(opened, *pieces, on(0, "output_item.done", item=item), completed(item))
    assert start == {
        "tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}]
    }
    assert fragments == [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in ('{"a"', ":1}")]
    assert finish == "tool_calls"


def test_case_13_a_call_without_arguments_has_an_empty_object() -> None:
    item = call("f", "", "call_1")
    (made,) = streamed(on(0, "output_item.done", item=item), completed(item)).choices[0].message["tool_calls"]
    assert made["function"]["arguments"] == "{}"


def test_interleaved_calls_keep_their_places() -> None:
    one, two = call("f", '{"a":1}', "call_1"), call("f", '{"b":2}', "call_2")
    events = [
        on(1, "output_item.added", item={**one, "arguments": ""}),
        on(3, "output_item.added", item={**two, "arguments": ""}),
        on(3, "function_call_arguments.delta", delta='{"b":2}'),
        on(1, "function_call_arguments.delta", delta='{"a":1}'),
        completed(thought("rs_1", None), one, message(), two),
    ]
    made = streamed(*events).choices[0].message["tool_calls"]
    assert [(item["id"], item["function"]["arguments"]) for item in made] == [
        ("call_1", '{"a":1}'),
        ("call_2", '{"b":2}'),
    ]


def test_what_deltas_left_out_is_told_when_the_item_is_done() -> None:
    item = message("Hello")
    assert fields(
        on(0, "output_text.delta", content_index=0, delta="He"), on(0, "output_item.done", item=item), completed(item)
    ) == [
        {"content": "He"},
        {"content": "llo"},
        "stop",
    ]


def test_events_may_tell_the_place_or_the_id_of_their_item() -> None:
    item = message("Hello")
    piece = {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "Hel"}
    placed = on(0, "output_item.added", item={**item, "content": []})
    done = {"type": "response.output_item.done", "item": item}
    assert fields(placed, piece, done, completed(item)) == [{"content": "Hel"}, {"content": "lo"}, "stop"]


def test_a_stream_of_one_event_tells_all() -> None:
    assert streamed(completed(thought("rs_1", None, "Hm."), message("Hello"))).choices[0].message["content"] == "Hello"


def test_the_paragraphs_of_a_summary_are_kept_apart() -> None:
    parts = [
        on(0, "reasoning_summary_text.delta", summary_index=at, delta=text)
        for at, text in ((0, "One"), (0, "."), (1, "Two."))
    ]
    item = thought("rs_1", None, "One.", "Two.")
    made = streamed(*parts, on(0, "output_item.done", item=item), completed(item)).choices[0].message
    assert made["reasoning_content"] == "One.\n\nTwo."
    assert made["content"] == ""


def test_open_reasoning_is_told_too() -> None:
    assert fields(on(0, "reasoning_text.delta", content_index=0, delta="Hm."), completed(thought("rs_1", None)))[0] == {
        "reasoning_content": "Hm."
    }


def test_a_refusal_is_told_as_one() -> None:
    item = {"type": "message", "content": [{"type": "refusal", "refusal": "I cannot."}]}
    events = [
        on(0, "refusal.delta", content_index=0, delta="I can"),
        on(0, "output_item.done", item=item),
        completed(item),
    ]
    choice = streamed(*events).choices[0]
    assert (choice.message["content"], choice.message["refusal"], choice.finish_reason) == (None, "I cannot.", "stop")


def test_citations_count_from_the_start_of_the_whole_content() -> None:
    citation = {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 2}
    second = message("two")
    second["content"][0]["annotations"] = [citation, {"type": "file_citation", "file_id": "file-1", "index": 1}]
    events = [
        on(0, "output_item.done", item=message("One ")),
        on(2, "output_text.delta", content_index=0, delta="two"),
        on(2, "output_text.annotation.added", content_index=0, annotation_index=0, annotation=citation),
        on(2, "output_item.done", item=second),
        completed(message("One "), second),
    ]
    (told_of,) = streamed(*events).choices[0].message["annotations"]
    assert told_of == {
        "type": "url_citation",
        "url_citation": {"url": "https://a.example", "title": "A", "start_index": 4, "end_index": 6},
    }


def test_log_probabilities_come_in_chat_form() -> None:
    token = {"token": "Hi", "logprob": -0.1, "top_logprobs": [{"token": "Hi", "logprob": -0.1}]}
    deltas, _ = told(
        on(0, "output_text.delta", content_index=0, delta="Hi", logprobs=[token]), completed(message("Hi"))
    )
    (made,) = deltas[0].logprobs["content"]
    assert made == {
        "token": "Hi",
        "logprob": -0.1,
        "bytes": None,
        "top_logprobs": [{"token": "Hi", "logprob": -0.1, "bytes": None}],
    }


def test_tools_the_caller_does_not_have_are_left_out() -> None:
    for kind in ("web_search_call", "mcp_call", "code_interpreter_call", "some_future_type"):
        item = {"type": kind, "id": "x_1", "content": [{"type": "output_text", "text": "no"}]}
        assert fields(on(0, "output_item.added", item=item), on(0, "output_item.done", item=item), completed(item)) == [
            "stop"
        ]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("max_output_tokens", "length"),
        ("content_filter", "content_filter"),
        ("max_messages", "length"),
        (None, "length"),
    ],
)
def test_an_incomplete_reply_never_ends_with_stop(reason: str | None, finish: str) -> None:
    cut = {
        "type": "response.incomplete",
        "response": response(call("f", '{"a', "c"), status="incomplete", incomplete_details={"reason": reason}),
    }
    assert streamed(cut).choices[0].finish_reason == finish


def test_usage_model_and_ids_are_known_before_the_end() -> None:
    usage = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
        "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 20},
    }
    started = {
        "type": "response.created",
        "response": {"id": "resp_1", "model": "gpt-5.2-codex", "created_at": 1790000000, "usage": None},
    }
    facts = streamed(started, completed(message("Hi"), usage=usage, service_tier="default")).facts
    assert facts.usage is not None and facts.usage.buckets() == {
        "input": 30,
        "cached": 60,
        "write_5m": 10,
        "output": 30,
    }
    assert facts.usage.reasoning == 20 and facts.raw_usage == usage
    assert (facts.model, facts.upstream_id, facts.created, facts.service_tier) == (
        "gpt-5.2-codex",
        "resp_1",
        1790000000,
        "default",
    )


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {},
        {"input_tokens": 5},
        {"input_tokens": "5", "output_tokens": 1},
        {"input_tokens": 10**40, "output_tokens": 1},
        7,
    ],
)
def test_missing_usage_is_not_zero(usage: object) -> None:
    assert streamed(completed(message("Hi"), usage=usage)).facts.usage is None


def test_negative_counts_are_no_usage() -> None:
    """Seen in a deep-research reply that was cut: -9 output tokens."""
    assert streamed(completed(usage={"input_tokens": 0, "output_tokens": -9})).facts.usage is None


def test_case_24_a_stream_that_breaks_off_is_an_error() -> None:
    for events in (
        [],
        [on(0, "output_text.delta", content_index=0, delta="He")],
        [on(0, "output_item.done", item=message("Hi"))],
    ):
        with pytest.raises(ProviderError) as broken:
            told(*events)
        assert broken.value.code == "upstream_truncated"


def test_what_follows_the_end_is_ignored() -> None:
    assert fields(
        completed(message("Hi")), on(0, "output_text.delta", delta="more"), {"type": "error", "message": "late"}
    ) == [{"content": "Hi"}, "stop"]


@pytest.mark.parametrize(
    "failure",
    [
        {"type": "error", "code": "rate_limit_exceeded", "message": "slow", "param": None, "sequence_number": 2},
        {"type": "error", "error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "slow"}},
        {"error": {"type": "tokens", "code": "rate_limit_exceeded", "message": "slow"}},
        {
            "type": "response.failed",
            "response": response(status="failed", error={"code": "rate_limit_exceeded", "message": "slow"}),
        },
    ],
)
def test_case_23_every_form_of_an_error_in_the_stream_is_one(failure: dict[str, object]) -> None:
    with pytest.raises(ProviderError) as failed:
        told(on(0, "output_text.delta", content_index=0, delta="He"), failure)
    assert failed.value.code == "rate_limit_exceeded" and failed.value.meaning.status == 429


@pytest.mark.parametrize("data", ["{", "[]", "null", "5", "<html>", "", '{"a":' * 3000, '"' + "\\ud83d"])
def test_an_event_that_is_no_object_is_a_bad_response(data: str) -> None:
    translator = openai_responses.stream(ProviderRequest(read(), {}))
    with pytest.raises(ProviderError) as bad:
        translator.feed(Event(data))
    assert bad.value.code == "bad_upstream_response"


def test_half_an_emoji_does_not_break_the_reply() -> None:
    translator = openai_responses.stream(ProviderRequest(read(), {}))
    (delta,) = translator.feed(
        Event('{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a\\ud83d"}')
    )
    assert delta.fields == {"content": "a\ufffd"}


def test_case_26_awkward_characters_arrive_unchanged() -> None:
    text = "a\u2028b 👩‍💻 \u0085"
    translator = openai_responses.stream(ProviderRequest(read(), {}))
    (delta,) = translator.feed(
        Event(json.dumps(on(0, "output_text.delta", content_index=0, delta=text), ensure_ascii=False))
    )
    assert delta.fields == {"content": text}


def test_unknown_events_and_a_final_done_marker_are_ignored() -> None:
    translator = openai_responses.stream(ProviderRequest(read(), {}))
    for data in ('{"type":"response.audio.delta","delta":"x"}', '{"type":"keepalive"}', "{}", '{"type":7}', "[DONE]"):
        assert translator.feed(Event(data)) == []
