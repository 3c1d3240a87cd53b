"""Cases that a naive gateway gets wrong with Gemini; each test is named after its case."""

import json

import pytest

from inference.chat.provider_error import TRUNCATED
from tests.inference.dialects.gemini.asking import (
    FLASH,
    FLASH_3,
    MODELS,
    PRO,
    PRO_3,
    answer,
    body,
    broken,
    call,
    calling,
    config,
    contents,
    function_call,
    gathered,
    image,
    refused,
    rendered,
    reply,
    result,
    streamed,
    text,
    tool,
    usage,
    user,
)
from tests.inference.media_samples import JPEG, data_url

DUMMY = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}
SCHEMA_FORMAT = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}


def test_case_01_of_two_lengths_the_newer_wins() -> None:
    assert config(max_tokens=50, max_completion_tokens=100) == {"maxOutputTokens": 100}


def test_case_03_nulls_are_absent() -> None:
    nulls = dict.fromkeys(["stop", "tools", "tool_choice", "seed", "response_format", "reasoning_effort"])
    assert body(**nulls) == body()


def test_case_07_a_system_message_alone_becomes_the_users() -> None:
    sent = body(messages=[{"role": "system", "content": "Say hi."}])
    assert sent == {"contents": [{"role": "user", "parts": [{"text": "Say hi."}]}]}


def test_case_10_results_follow_in_call_order_even_of_one_name() -> None:
    asked = calling(call("call_a", arguments='{"city": "Paris"}'), call("call_b", arguments='{"city": "Rome"}'))
    turns = contents(user(), asked, result("call_b", "19 C"), result("call_a", '{"temp": 21}'), user("In Fahrenheit."))
    assert [part["functionCall"] for part in turns[1]["parts"]] == [
        {"id": "call_a", "name": "get_weather", "args": {"city": "Paris"}},
        {"id": "call_b", "name": "get_weather", "args": {"city": "Rome"}},
    ]
    assert turns[2]["parts"] == [
        {"functionResponse": {"id": "call_a", "name": "get_weather", "response": {"temp": 21}}},
        {"functionResponse": {"id": "call_b", "name": "get_weather", "response": {"output": "19 C"}}},
        {"text": "In Fahrenheit."},
    ]


@pytest.mark.parametrize(
    ("arguments", "args"),
    [
        ("", {}),
        (" ", {}),
        ("{city:", {"__raw_arguments": "{city:"}),
        ("[1]", {"__raw_arguments": [1]}),
        ('{"a": 1e999}', {"__raw_arguments": '{"a": 1e999}'}),
        ('{"a": "\\ud83d"}', {"a": "\ufffd"}),
    ],
)
def test_case_11_and_12_arguments_of_any_kind_become_an_object(arguments: str, args: dict[str, object]) -> None:
    turns = contents(user(), calling(call("a", arguments=arguments)), result("a"))
    assert turns[1]["parts"][0]["functionCall"]["args"] == args


def test_case_14_calls_in_several_chunks_stay_apart() -> None:
    found, _ = streamed(
        answer(function_call("f", {"n": 1})), answer(function_call("f", {"n": 2}), finish="STOP", **usage())
    )
    first, second = gathered(found).message["tool_calls"]
    assert [call["tool_calls"][0]["index"] for call in (delta.fields for delta in found[:-1])] == [0, 0, 1, 1]
    assert first["id"] != second["id"] and first["id"].startswith("call_") and len(first["id"]) == 29
    assert [json.loads(call["function"]["arguments"]) for call in (first, second)] == [{"n": 1}, {"n": 2}]
    assert [delta.finish_reason for delta in found if delta.finish_reason] == ["tool_calls"]


@pytest.mark.parametrize("model", [PRO_3, FLASH_3])
def test_case_15_unsigned_steps_get_the_stand_in(model: str) -> None:
    steps = [
        calling(call("a"), call("b")),
        result("a"),
        result("b"),
        calling(call("c", signature="c2lnbmVk"), call("d")),
        result("d"),
        result("c"),
    ]
    turns = contents(user(), *steps, model=model)
    signed = [[part.get("thoughtSignature") for part in turn["parts"]] for turn in turns if turn["role"] == "model"]
    assert signed == [[DUMMY, None], ["c2lnbmVk", None]]


def test_case_15_older_models_do_without() -> None:
    turns = contents(user(), calling(call("a")), result("a"), model=FLASH)
    assert "thoughtSignature" not in turns[1]["parts"][0]


def test_case_20_thoughts_are_output_and_counted_once() -> None:
    for candidates, thoughts in ((18, 240), (258, 240)):
        counts = usage(61, candidates, thoughtsTokenCount=thoughts, totalTokenCount=319)
        facts = reply(answer(text("hi"), finish="STOP", **counts)).facts
        assert facts.usage is not None
        shown = facts.usage.as_openai()
        assert shown["completion_tokens"] == 258 and shown["total_tokens"] == 319
        assert shown["completion_tokens_details"] == {"reasoning_tokens": 240}


def test_case_21_a_blocked_prompt_is_a_refusal_and_free() -> None:
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, **usage(8, None)}
    found, facts = streamed(blocked)
    for choice in (reply(blocked).choices[0], gathered(found)):
        assert choice.message["content"] is None
        assert choice.message["refusal"] == "Prompt blocked by the provider: SAFETY"
        assert choice.finish_reason == "content_filter"
    assert facts.free and reply(blocked).facts.free


def test_case_24_a_stream_without_its_end_is_broken() -> None:
    found, facts, fault = broken(answer(text("Once upon"), **usage(4, 2)))
    assert [delta.fields for delta in found] == [{"content": "Once upon"}]
    assert fault.meaning is TRUNCATED and fault.code == "upstream_truncated"
    assert facts.usage is not None and (facts.usage.input, facts.usage.output) == (4, 2)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://169.254.169.254/latest", "invalid_image_url"),
        ("file:///etc/passwd", "invalid_image_url"),
        ("gs://bucket/a.png", "invalid_image_url"),
        ("data:image/jpg,abc", "invalid_data_url"),
    ],
)
def test_case_27_images_by_address_are_refused(url: str, code: str) -> None:
    assert refused(messages=[user([image(url)])]).code == code


def test_google_fetches_an_image_itself() -> None:
    parts = contents(user([image("https://cdn.example/a.png?size=2"), image("https://cdn.example/b")]))[0]["parts"]
    assert parts[0] == {"fileData": {"mimeType": "image/png", "fileUri": "https://cdn.example/a.png?size=2"}}
    assert parts[1] == {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://cdn.example/b"}}


def test_case_27_a_data_url_is_sent_inline_with_its_real_type() -> None:
    parts = contents(user([image(data_url("image/jpg", JPEG))]))[0]["parts"]
    assert parts[0]["inlineData"]["mimeType"] == "image/jpeg"


@pytest.mark.parametrize("model", [PRO, FLASH])
@pytest.mark.parametrize("form", [SCHEMA_FORMAT, {"type": "json_object"}])
def test_case_28_json_beside_tools_is_refused_where_the_model_cannot(model: str, form: dict[str, object]) -> None:
    refusal = refused(model, tools=[tool()], response_format=form)
    assert (refusal.status, refusal.code, refusal.param) == (400, "unsupported_parameter", "response_format")


def test_case_28_newer_models_take_both() -> None:
    sent = body(PRO_3, tools=[tool()], response_format=SCHEMA_FORMAT)
    assert sent["generationConfig"] == {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    assert sent["tools"] == [{"functionDeclarations": [{"name": "get_weather"}]}]


@pytest.mark.parametrize("model", MODELS)
def test_several_choices_and_log_probabilities_are_refused(model: str) -> None:
    assert refused(model, n=2).param == "n"
    assert refused(model, logprobs=True).param == "logprobs"
    assert rendered(model, n=1, logprobs=False).ignored == []


def test_file_ids_are_refused() -> None:
    assert refused(messages=[user([{"type": "file", "file": {"file_id": "file-1"}}])]).code == "unsupported_value"


def test_a_legacy_caller_gets_one_call() -> None:
    functions = [{"name": "f", "parameters": {"type": "object", "properties": {}}}]
    told = answer(function_call("f", {}), function_call("f", {}), finish="STOP")
    assert len(reply(told, functions=functions).choices[0].message["tool_calls"]) == 1


def test_the_model_is_the_one_that_answered() -> None:
    told = answer(text("hi"), finish="STOP", modelVersion="models/gemini-3.8-flash", responseId="a1B2")
    facts = reply(told).facts
    assert (facts.model, facts.upstream_id) == ("gemini-3.8-flash", "a1B2")
