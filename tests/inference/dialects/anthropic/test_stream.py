"""Events, and what becomes of them."""

import pytest

from inference.chat.reply import Delta
from inference.dialects import anthropic
from tests.inference.dialects.anthropic.claude import (
    Json,
    block,
    broken,
    deltas,
    gathered,
    read,
    rendered,
    reply,
    said,
    sse,
    start,
    stopped,
    text,
)


def test_the_worked_stream_of_the_reference() -> None:
    use = {"type": "tool_use", "id": "toolu_01B", "name": "get_weather", "input": {}}
    pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", '{"city":', '"Paris"}')]
    opening = start(usage={"input_tokens": 20, "cache_read_input_tokens": 5000, "output_tokens": 1})
    found, facts = deltas(opening, {"type": "ping"}, *said("Checking."), *block(1, use, *pieces), *stopped("tool_use"))
    named = {"name": "get_weather", "arguments": ""}
    assert found == [
        Delta({"content": "Checking."}),
        Delta({"tool_calls": [{"index": 0, "id": "toolu_01B", "type": "function", "function": named}]}),
        Delta({"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]}),
        Delta({"tool_calls": [{"index": 0, "function": {"arguments": '"Paris"}'}}]}),
        Delta(finish_reason="tool_calls"),
    ]
    assert (facts.model, facts.upstream_id) == ("claude-haiku-4-5-20251001", "msg_1")
    assert facts.usage is not None
    assert facts.usage.buckets() == {"input": 20, "cached": 5000, "output": 55}
    assert facts.raw_usage == {"input_tokens": 20, "cache_read_input_tokens": 5000, "output_tokens": 55}


def test_parallel_calls_are_counted_from_zero() -> None:
    uses = [{"type": "tool_use", "id": f"t{number}", "name": "f", "input": {}} for number in range(2)]
    server = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    fragment = {"type": "input_json_delta", "partial_json": "{}"}
    events = [*said("a"), *block(1, server, fragment), *block(2, uses[0], fragment), *block(3, uses[1], fragment)]
    calls = reply(start(), *events, *stopped("tool_use")).message["tool_calls"]
    assert [(call["id"], call["function"]["arguments"]) for call in calls] == [("t0", "{}"), ("t1", "{}")]


def test_arguments_given_whole_at_the_start_are_not_lost() -> None:
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {"city": "Zürich"}}
    assert arguments(start(), *block(0, use), *stopped("tool_use")) == '{"city":"Zürich"}'
    late = {"type": "input_json_delta", "partial_json": '{"city":"Bern"}'}
    assert arguments(start(), *block(0, use, late), *stopped("tool_use")) == '{"city":"Bern"}'


def arguments(*events: Json) -> str:
    return reply(*events).message["tool_calls"][0]["function"]["arguments"]


def test_a_message_whole_at_its_start_is_read() -> None:
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {"n": 1}}
    usage = {"input_tokens": 3, "output_tokens": 0}
    found, facts = deltas(
        start(content=[text("Hi"), use], stop_reason="tool_use", usage=usage), {"type": "message_stop"}
    )
    choice = gathered(found)
    assert (choice.message["content"], choice.finish_reason) == ("Hi", "tool_calls")
    assert facts.usage is not None
    assert facts.usage.buckets() == {"input": 3}


def test_thinking_is_shown_and_returned_signed() -> None:
    opening = {"type": "thinking", "thinking": "", "signature": ""}
    thoughts = [{"type": "thinking_delta", "thinking": word} for word in ("Let me", " see.")]
    signature = {"type": "signature_delta", "signature": "c2ln"}
    hidden = {"type": "redacted_thinking", "data": "aGk="}
    found = deltas(start(), *block(0, opening, *thoughts, signature), *block(1, hidden), *said("4", 2), *stopped())[0]
    assert [next(iter(delta.fields), None) for delta in found] == [
        "reasoning_content",
        "reasoning_content",
        "thinking_blocks",
        "thinking_blocks",
        "content",
        None,
    ]
    message = gathered(found).message
    assert message["reasoning_content"] == "Let me see."
    assert message["thinking_blocks"] == [{"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"}, hidden]


def test_thoughts_are_on_lines_of_their_own() -> None:
    thoughts = [{"type": "thinking", "thinking": words, "signature": "c2ln"} for words in ("One.", "", "Two.")]
    whole = {"type": "message", "content": [*thoughts, text("4")], "stop_reason": "end_turn", "usage": {}}
    message = anthropic.parse(whole, rendered()).choices[0].message
    assert message["reasoning_content"] == "One.\nTwo."
    assert message["thinking_blocks"] == thoughts


def test_citations_of_pages_are_annotations_of_their_text() -> None:
    page = {"type": "web_search_result_location", "url": "https://a.example", "title": "A", "cited_text": "…"}
    other = {"type": "char_location", "cited_text": "…"}
    cited = block(
        1,
        text(""),
        {"type": "text_delta", "text": "it rains"},
        *({"type": "citations_delta", "citation": c} for c in (page, other)),
    )
    message = reply(start(), *said("They say "), *cited, *stopped()).message
    span = {"url": "https://a.example", "title": "A", "start_index": 9, "end_index": 17}
    assert message["annotations"] == [{"type": "url_citation", "url_citation": span}]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "stop"),
        ("compaction", "stop"),
        ("tomorrow's reason", "stop"),
        (None, "stop"),
    ],
)
def test_why_a_reply_ended(reason: str | None, finish: str) -> None:
    assert reply(start(), *said("Hi"), *stopped(reason)).finish_reason == finish


def test_calls_finish_as_calls_unless_cut_short() -> None:
    use = block(0, {"type": "tool_use", "id": "t", "name": "f", "input": {}})
    assert reply(start(), *use, *stopped("end_turn")).finish_reason == "tool_calls"
    assert reply(start(), *use, *stopped("max_tokens")).finish_reason == "length"
    assert reply(start(), *use, *stopped("refusal")).finish_reason == "content_filter"


def test_a_refusal_in_mid_stream_says_why_and_is_not_free() -> None:
    found, facts = deltas(start(), *said("First,"), *stopped("refusal", stop_details={"explanation": "Not this."}))
    message = gathered(found).message
    assert (message["content"], message["refusal"]) == ("First,", "Not this.")
    assert not facts.free


def test_kinds_we_do_not_know_are_ignored() -> None:
    unknown = [
        {"type": "tomorrow", "x": 1},
        *block(0, {"type": "compaction", "content": None}, {"type": "compaction_delta"}),
    ]
    assert reply(start(), *unknown, *said("Hi", 1), *stopped()).message["content"] == "Hi"


def test_what_comes_after_the_end_is_ignored() -> None:
    found, _ = read(sse(start(), *said("Hi"), *stopped()) + "data: [DONE]\n\n" + sse(*said("more")))
    assert gathered(found).message["content"] == "Hi"


# --- usage


def test_the_last_count_of_a_field_wins_and_silence_changes_nothing() -> None:
    later = {
        "type": "message_delta",
        "delta": {},
        "usage": {"input_tokens": 30, "cache_read_input_tokens": None, "output_tokens": 9},
    }
    opening = start(usage={"input_tokens": 20, "cache_read_input_tokens": 7, "output_tokens": 1})
    facts = deltas(opening, *said("Hi"), later, *stopped(output=12))[1]
    assert facts.usage is not None
    assert facts.usage.buckets() == {"input": 30, "cached": 7, "output": 12}


def test_the_placeholder_of_the_start_is_never_the_output() -> None:
    silent = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
    facts = deltas(start(), *said("Hi"), silent, {"type": "message_stop"})[1]
    assert facts.usage is None
    assert facts.known_input is not None
    assert facts.known_input.buckets() == {"input": 20}


def test_writes_that_grew_are_five_minute_writes() -> None:
    split = {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200}
    opening = {"input_tokens": 1, "cache_creation_input_tokens": 300, "cache_creation": split, "output_tokens": 1}
    grown = {"type": "message_delta", "delta": {}, "usage": {"cache_creation_input_tokens": 350, "output_tokens": 5}}
    shrunk = {"type": "message_delta", "delta": {}, "usage": {"cache_creation_input_tokens": 150, "output_tokens": 5}}
    assert buckets(start(usage=opening), grown) == {"input": 1, "write_5m": 150, "write_1h": 200, "output": 5}
    assert buckets(start(usage=opening), shrunk) == {"input": 1, "write_1h": 150, "output": 5}


def buckets(*events: Json) -> dict[str, int]:
    usage = deltas(*events, {"type": "message_stop"})[1].usage
    assert usage is not None
    return usage.buckets()


def test_thinking_tokens_are_part_of_the_output() -> None:
    usage = {"output_tokens": 90, "output_tokens_details": {"thinking_tokens": 60}}
    told = deltas(start(), {"type": "message_delta", "delta": {}, "usage": usage}, {"type": "message_stop"})[1].usage
    assert told is not None
    assert (told.output, told.reasoning) == (90, 60)


def test_a_reply_without_usage_has_none() -> None:
    whole = {"type": "message", "content": [text("Hi")], "stop_reason": "end_turn"}
    assert anthropic.parse(whole, rendered()).facts.usage is None


def test_counts_that_contradict_each_other_are_no_usage() -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": -3, "output_tokens": 1}
    assert anthropic.parse({"content": [], "stop_reason": "end_turn", "usage": usage}, rendered()).facts.usage is None


# --- JSON mode


# --- broken streams


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("{", "bad_upstream_response"),
        ("[]", "bad_upstream_response"),
        ('"text"', "bad_upstream_response"),
        ("<html>", "bad_upstream_response"),
        ("[" * 100_000, "bad_upstream_response"),
        ('{"type": "content_block_delta", "index": 9, "delta": {}}', "bad_upstream_response"),
        ('{"type": "content_block_start", "index": 0}', "bad_upstream_response"),
        (
            '{"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "input": [1]}}',
            "bad_upstream_response",
        ),
        ('{"type": "error", "error": {"type": "api_error", "message": "x"}}', "upstream_error"),
        ('{"type": "error", "error": {"type": "tomorrows_error"}}', "upstream_error"),
        ('{"error": {"type": "rate_limit_error", "message": "x"}}', "rate_limit_exceeded"),
        ('{"type": "ping"}', "upstream_truncated"),
    ],
)
def test_a_broken_stream_is_a_fault(data: str, code: str) -> None:
    assert broken(sse(start()) + f"data: {data}\n\n")[2].code == code
