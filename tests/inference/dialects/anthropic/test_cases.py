"""Cases that a naive gateway gets wrong with Claude."""

import hashlib
import json

import pytest

from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_error import ProviderError
from inference.dialects import anthropic
from tests.inference.dialects.anthropic.claude import (
    Json,
    block,
    body,
    broken,
    call,
    calling,
    deltas,
    gathered,
    messages,
    rendered,
    reply,
    result,
    said,
    sse,
    start,
    stopped,
    text,
    tool,
    user,
)

TWO_CALLS = [user("Weather?"), calling(call("a"), call("b"))]


def test_case_01_the_newer_length_name_wins() -> None:
    assert body(max_tokens=100)["max_tokens"] == 100
    assert body(max_tokens=100, max_completion_tokens=200)["max_tokens"] == 200


def test_case_03_null_is_absent() -> None:
    nulls = dict.fromkeys(["stop", "tools", "tool_choice", "seed", "temperature", "top_p", "user", "response_format"])
    assert body(**nulls) == body()


def test_case_04_the_limit_is_what_the_hold_buys_and_the_answer_streams() -> None:
    assert body()["max_tokens"] == 64000
    bought = rendered(limit=900, stream=False).body
    assert (bought["max_tokens"], bought["stream"]) == (900, True)


def test_case_05_temperature_is_capped_and_wins_over_top_p() -> None:
    sent = rendered(temperature=1.7, top_p=0.9)
    assert sent.body["temperature"] == 1
    assert "top_p" not in sent.body
    assert sent.ignored == ["top_p"]


def test_case_06_system_messages_are_hoisted() -> None:
    spoken = [user("A"), {"role": "assistant", "content": "B"}, {"role": "system", "content": "S"}, user("C")]
    sent = body(messages=spoken)
    assert sent["system"] == [text("S")]
    assert sent["messages"] == [
        {"role": "user", "content": [text("A")]},
        {"role": "assistant", "content": [text("B")]},
        {"role": "user", "content": [text("C")]},
    ]


def test_case_07_a_lone_system_message_becomes_the_users() -> None:
    sent = body(messages=[{"role": "system", "content": "S"}])
    assert sent["messages"] == [{"role": "user", "content": [text("S")]}]
    assert "system" not in sent


def test_case_08_parallel_results_share_one_turn() -> None:
    last = messages("claude-sonnet-4.5", *TWO_CALLS, result("b", "19 C"), result("a"), user("go"))[-1]
    assert last == {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "b", "content": [text("19 C")]},
            {"type": "tool_result", "tool_use_id": "a", "content": [text("ok")]},
            text("go"),
        ],
    }


@pytest.mark.parametrize("arguments", ["", "  ", "{}"])
def test_case_11_no_arguments_are_an_empty_object(arguments: str) -> None:
    history = messages("claude-sonnet-4.5", user(), calling(call("a", arguments=arguments)), result("a"))
    assert history[1]["content"][0]["input"] == {}


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [("{city:", "{city:"), ('{"n": NaN}', '{"n": NaN}'), ('{"n": 1e999}', '{"n": 1e999}'), ("[1]", [1]), ("7", 7)],
)
def test_case_12_broken_arguments_are_kept_as_they_are(arguments: str, kept: object) -> None:
    history = messages("claude-sonnet-4.5", user(), calling(call("a", arguments=arguments)), result("a"))
    assert history[1]["content"][0]["input"] == {"__raw_arguments": kept}


def test_case_13_a_call_without_parameters_has_arguments_that_parse() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "now", "input": {}}
    events = [start(), *block(0, use, {"type": "input_json_delta", "partial_json": ""}), *stopped("tool_use")]
    fragments = [delta.fields["tool_calls"][0] for delta in deltas(*events)[0] if "tool_calls" in delta.fields]
    assert "".join(fragment["function"]["arguments"] for fragment in fragments) == "{}"
    assert fragments[0] == {
        "index": 0,
        "id": "toolu_1",
        "type": "function",
        "function": {"name": "now", "arguments": ""},
    }


def test_case_16_a_tool_loop_without_its_thoughts_goes_on_without_thinking() -> None:
    sent = rendered(
        "claude-haiku-4.5", messages=[user(), calling(call("a")), result("a")], tools=[tool()], reasoning_effort="high"
    )
    assert "thinking" not in sent.body
    assert sent.transforms == ["thinking_disabled"]


def test_case_17_a_forced_call_wins_over_thinking() -> None:
    sent = body(reasoning_effort="medium", tools=[tool()], tool_choice="required")
    assert sent["tool_choice"] == {"type": "any"}
    assert "thinking" not in sent


def test_case_18_a_budget_too_small_leaves_the_effort_and_the_temperature() -> None:
    sent = body("claude-opus-4.5", reasoning_effort="high", max_tokens=800, temperature=0.2)
    assert "thinking" not in sent
    assert sent["temperature"] == 0.2
    assert sent["output_config"] == {"effort": "high"}


def test_case_19_the_three_input_counts_add_up() -> None:
    counts = {"input_tokens": 20, "cache_read_input_tokens": 5000, "cache_creation_input_tokens": 300}
    usage = deltas(start(usage={**counts, "output_tokens": 1}), *said("Hi"), *stopped(output=55))[1].usage
    assert usage is not None
    assert usage.buckets() == {"input": 20, "cached": 5000, "write_5m": 300, "output": 55}
    told = usage.as_openai()
    assert (told["prompt_tokens"], told["completion_tokens"], told["total_tokens"]) == (5320, 55, 5375)
    assert told["prompt_tokens_details"] == {"cached_tokens": 5000, "cache_write_tokens": 300, "audio_tokens": 0}


def test_case_22_a_refusal_before_any_output_is_free() -> None:
    whole: Json = {
        "type": "message",
        "model": "claude-opus-4-6",
        "content": [],
        "stop_reason": "refusal",
        "stop_details": None,
    }
    parsed = anthropic.parse({**whole, "usage": {"input_tokens": 412, "output_tokens": 3}}, rendered())
    (choice,) = parsed.choices
    assert choice.message == {"role": "assistant", "content": None, "refusal": "The model declined to answer."}
    assert choice.finish_reason == "content_filter"
    assert parsed.facts.free
    assert parsed.facts.usage is not None
    assert (parsed.facts.usage.input, parsed.facts.usage.output) == (412, 3)


def test_case_23_overloaded_in_mid_stream_is_a_failure_without_a_finish() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    found, facts, fault = broken(sse(start(), *said("Hel"), error))
    assert [delta.fields for delta in found] == [{"content": "Hel"}]
    assert fault.code == "overloaded"
    assert facts.usage is None
    assert facts.known_input is not None
    assert facts.known_input.buckets() == {"input": 20}


def test_a_stream_that_breaks_behind_its_reason_and_usage_is_complete() -> None:
    assert reply(start(), *said("Hello"), *stopped()[:1]).finish_reason == "stop"


@pytest.mark.parametrize("events", [[*said("Hel")], [*said("Hel")[:-1], *stopped()[:1]], []])
def test_case_24_a_stream_cut_short_never_stops(events: list[Json]) -> None:
    found, _, fault = broken(sse(start(), *events))
    assert fault.code == "upstream_truncated"
    assert all(delta.finish_reason is None for delta in found)


def test_case_26_text_arrives_unchanged() -> None:
    words = "a\u2028b 👩‍💻 \u0085"
    assert reply(start(), *said(words), *stopped()).message["content"] == words


def test_case_28_a_schema_is_fitted_and_its_bounds_told() -> None:
    given = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 18}}, "required": ["age"]}
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": given}}
    assert body(response_format=form)["output_config"]["format"] == {
        "type": "json_schema",
        "schema": {
            "type": "object",
            "properties": {"age": {"type": "integer", "description": "minimum: 18"}},
            "required": ["age"],
            "additionalProperties": False,
        },
    }


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "authentication_error"), (402, "billing_error"), (403, "permission_error")]
)
def test_case_29_trouble_with_our_key_is_no_statement_about_the_callers(status: int, kind: str) -> None:
    told = json.dumps({"type": "error", "error": {"type": kind, "message": "no"}})
    fault = anthropic.fault(status, {}, told.encode())
    assert (fault.meaning.status, fault.meaning.may_heal, fault.meaning.alert) == (503, False, True)


def test_case_30_a_conversation_begun_on_kimi_goes_on() -> None:
    turn = calling(call("functions.f:0", "f"), reasoning_content="Let me see.")
    _, asked, answered = messages("claude-sonnet-4.5", user(), turn, result("functions.f:0"))
    expected = f"functions_f_0-{hashlib.sha1(b'functions.f:0').hexdigest()[:6]}"
    assert asked["content"] == [{"type": "tool_use", "id": expected, "name": "f", "input": {}}]
    assert answered["content"][0]["tool_use_id"] == expected
    use = {"type": "tool_use", "id": "toolu_9:x", "name": "f", "input": {}}
    later = gathered(deltas(start(), *block(0, use), *stopped("tool_use"))[0])
    assert later.message["tool_calls"][0]["id"] == "toolu_9:x"


def test_several_choices_are_refused() -> None:
    with pytest.raises(InvalidRequest) as refusal:
        rendered(n=2)
    assert (refusal.value.param, refusal.value.code) == ("n", "unsupported_parameter")


def test_legacy_functions_are_tools() -> None:
    sent = rendered(functions=[{"name": "f", "parameters": {"type": "object"}}], function_call={"name": "f"})
    assert sent.body["tools"] == [{"name": "f", "input_schema": {"type": "object"}}]
    assert sent.body["tool_choice"] == {"type": "tool", "name": "f"}
    assert sent.request.legacy


def test_a_file_id_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        rendered(messages=[{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}])


def test_a_reply_that_is_none_is_a_failure() -> None:
    for answer in ({}, {"content": "text"}, [], None, "x", {"type": "error", "error": {"type": "api_error"}}):
        with pytest.raises(ProviderError):
            anthropic.parse(answer, rendered())  # type: ignore[arg-type]
