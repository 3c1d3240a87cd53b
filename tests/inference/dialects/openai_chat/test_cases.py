"""Cases that a naive gateway gets wrong with OpenAI, Moonshot or Qwen."""

import json

import pytest

from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_error import ProviderError
from inference.dialects import openai_chat
from tests.inference.dialects.openai_chat.asking import (
    MODELS,
    body,
    call,
    calling,
    chunk,
    messages,
    rendered,
    request,
    result,
    sse,
    streamed,
    told,
    usage_chunk,
    user,
)


def test_case_01_max_tokens_is_renamed() -> None:
    sent = body("gpt-5-mini", max_tokens=100)
    assert sent["max_completion_tokens"] == 100
    assert "max_tokens" not in sent


@pytest.mark.parametrize(
    ("model", "field"),
    [("gpt-5.2", "max_completion_tokens"), ("kimi-k2.5", "max_completion_tokens"), ("qwen3-coder", "max_tokens")],
)
def test_case_01_the_newer_length_wins_everywhere(model: str, field: str) -> None:
    sent = body(model, max_tokens=100, max_completion_tokens=200)
    assert {name: sent.get(name) for name in ("max_tokens", "max_completion_tokens")} == {
        "max_tokens": None,
        "max_completion_tokens": None,
        field: 200,
    }


@pytest.mark.parametrize("model", ["gpt-5-nano", "kimi-k2.5"])
def test_case_02_a_fixed_temperature_is_left_out_and_named(model: str) -> None:
    sent = rendered(model, temperature=0.7)
    assert "temperature" not in sent.body
    assert sent.ignored == ["temperature"]


@pytest.mark.parametrize("model", ["gpt-5-nano", "kimi-k2.5"])
def test_case_02_a_temperature_of_one_is_left_out_in_silence(model: str) -> None:
    sent = rendered(model, temperature=1)
    assert "temperature" not in sent.body
    assert sent.ignored == []


@pytest.mark.parametrize("model", MODELS)
def test_case_03_null_is_absent(model: str) -> None:
    nulls = dict.fromkeys(
        ["stop", "tools", "tool_choice", "seed", "temperature", "n", "user", "response_format", "made_up"]
    )
    assert rendered(model, **nulls).body == rendered(model).body
    assert rendered(model, **nulls).ignored == []


def test_case_09_an_unanswered_call_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        messages("gpt-5.2", user(), calling(call("a"), call("b")), result("a"), user())
    assert (refused.value.code, refused.value.param) == ("invalid_tool_message", "messages")


def test_case_24_a_stream_without_its_finish_is_broken_off() -> None:
    with pytest.raises(ProviderError) as fault:
        streamed(chunk({"role": "assistant", "content": ""}), chunk({"content": "Hel"}))
    assert fault.value.code == "upstream_truncated"


def test_case_25_usage_is_always_asked_for() -> None:
    assert body("gpt-5.2", stream=True)["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    assert body("qwen3-coder", stream=True, stream_options={"include_usage": False})["stream_options"] == {
        "include_usage": True
    }
    assert "stream_options" not in body("gpt-5.2")


def test_case_25_kimis_usage_may_stand_in_the_choice() -> None:
    finish = chunk(finish="stop")
    finish["choices"][0]["usage"] = {
        "prompt_tokens": 89,
        "completion_tokens": 67,
        "total_tokens": 156,
        "cached_tokens": 80,
    }
    usage = streamed(chunk({"content": "Hi"}), finish, "[DONE]").facts.usage
    assert usage is not None
    assert usage.buckets() == {"input": 9, "cached": 80, "output": 67}


@pytest.mark.parametrize("read_bytes", [1, 2, 3, 7])
def test_case_26_line_separators_and_split_emoji_arrive_unchanged(read_bytes: int) -> None:
    said = '{"choices":[{"index":0,"delta":{"content":"a\u2028b\u0085👩‍💻"},"finish_reason":null}]}'
    deltas, _ = told(sse(said, chunk(finish="stop"), "[DONE]"), read_bytes=read_bytes)
    assert [delta.fields for delta in deltas if delta.fields] == [{"content": "a\u2028b\u0085👩‍💻"}]


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "invalid_api_key"), (402, None), (429, "insufficient_quota"), (403, None)],
)
def test_case_29_what_is_about_our_key_is_503_and_alerts(status: int, code: str | None) -> None:
    error = {
        "error": {"message": "Incorrect API key provided", "type": "invalid_request_error", "param": None, "code": code}
    }
    meaning = openai_chat.fault(status, {}, json.dumps(error).encode()).meaning
    assert (meaning.status, meaning.alert, meaning.may_heal, meaning.retries) == (503, True, False, 0)


def test_case_30_ids_of_kimi_go_back_to_kimi_untouched() -> None:
    _, turn, answer = messages(
        "kimi-k2.5", user(), calling(call("functions.f:0"), reasoning_content="I should look."), result("functions.f:0")
    )
    assert turn["tool_calls"][0]["id"] == answer["tool_call_id"] == "functions.f:0"
    assert turn["reasoning_content"] == "I should look."


def test_functions_of_2023_are_sent_as_tools() -> None:
    sent = body("gpt-5.2", functions=[{"name": "f", "parameters": {"type": "object"}}], function_call={"name": "f"})
    assert sent["tools"] == [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    ]
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert not {"functions", "function_call"} & set(sent)


@pytest.mark.parametrize("model", MODELS)
def test_a_file_id_is_refused_everywhere(model: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        messages(model, user([{"type": "file", "file": {"file_id": "file-1"}}]))
    assert refused.value.status == 400


@pytest.mark.parametrize("model", ["kimi-k2.5", "qwen3-coder"])
def test_several_choices_are_refused_where_there_is_one(model: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        body(model, n=2)
    assert refused.value.param == "n"
    assert body("gpt-5.2", n=2)["n"] == 2


def test_usage_of_a_stream_is_read_whether_or_not_the_caller_wants_it() -> None:
    usage = streamed(
        chunk({"content": "Hi"}), chunk(finish="stop"), usage_chunk(prompt_tokens=9, completion_tokens=2)
    ).facts.usage
    assert usage is not None
    assert usage.buckets() == {"input": 9, "output": 2}
    assert not request(stream=True).wants_usage
