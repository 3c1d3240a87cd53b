import json
from typing import Any

import pytest

from inference.chat.invalid_request import LONGEST, InvalidRequest
from inference.chat.request import ChatRequest

HELLO = [{"role": "user", "content": "Hello"}]
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def read(**fields: Any) -> ChatRequest:
    return ChatRequest.read(json.dumps({"model": "gpt-5.2", "messages": HELLO, **fields}).encode())


def refusal(body: bytes | None = None, **fields: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as refused:
        ChatRequest.read(body) if body is not None else read(**fields)
    assert refused.value.status == 400
    return refused.value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"5",
        b"\xff\xfe",
        b'{"model": "\xff"}',
        b"{'model': 1}",
        b'{"temperature": NaN}',
        b'{"model": "\\ud83d", "messages": [{"role": "user", "content": "a"}]}',
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    assert refusal(body).code == "invalid_json"


def nested(levels: int) -> bytes:
    inside = "[" * (levels - 1) + "]" * (levels - 1)
    return f'{{"model": "a", "messages": [{{"role": "user", "content": "a"}}], "made_up": {inside}}}'.encode()


def test_a_request_may_be_nested_and_not_without_end() -> None:
    assert ChatRequest.read(nested(250)).unknown == ["made_up"]
    for levels in (300, 5000, 200_000):
        assert refusal(nested(levels)).code == "request_too_complex"


@pytest.mark.parametrize(
    ("given", "held"), [("a\\ud83db", "a\ufffdb"), ("a\\u0000", "a\ufffd"), ("\\ud83d\\ude00", "😀")]
)
def test_text_nobody_can_store_is_mended_in_messages(given: str, held: str) -> None:
    body = f'{{"model": "a", "messages": [{{"role": "user", "content": "{given}"}}]}}'.encode()
    request = ChatRequest.read(body)
    assert request.messages[0].content == held
    assert request.rewritten == (["text_mended"] if "\ufffd" in held else [])


@pytest.mark.parametrize("name", ["model", "messages"])
@pytest.mark.parametrize("empty", ["absent", None, "", []])
def test_model_and_messages_are_needed(name: str, empty: Any) -> None:
    body = {"model": "gpt-5.2", "messages": HELLO, name: empty}
    if empty == "absent":
        del body[name]
    refused = refusal(json.dumps(body).encode())
    assert (refused.code, refused.param) == ("missing_required_parameter", name)


def test_null_counts_as_absent_for_every_field() -> None:
    names = [name for name in ChatRequest.model_fields if name not in ("model", "messages", "legacy")]
    assert read(**dict.fromkeys(names)).model_dump() == read().model_dump()
    assert read(made_up=None).unknown == []


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"temperature": "0.7"}, "temperature", "invalid_type"),
        ({"temperature": True}, "temperature", "invalid_type"),
        ({"temperature": 2.1}, "temperature", "invalid_value"),
        ({"max_tokens": "10"}, "max_tokens", "invalid_type"),
        ({"max_tokens": 1.5}, "max_tokens", "invalid_type"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"max_tokens": 10**30}, "max_tokens", "invalid_value"),
        ({"stream": "true"}, "stream", "invalid_type"),
        ({"stream": 1}, "stream", "invalid_type"),
        ({"stop": [1]}, "stop", "invalid_type"),
        ({"n": 0}, "n", "invalid_value"),
        ({"model": 5}, "model", "invalid_type"),
        ({"model": "m" * 201}, "model", "invalid_value"),
        ({"messages": "Hello"}, "messages", "invalid_type"),
        ({"messages": {"role": "user"}}, "messages", "invalid_type"),
        ({"messages": ["Hello"]}, "messages", "invalid_type"),
        ({"messages": [{"content": "x"}]}, "messages", "missing_required_parameter"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages", "invalid_value"),
        ({"tools": [{"type": "custom", "custom": {"name": "a b"}}]}, "tools", "invalid_value"),
        ({"tools": [{"type": "python"}]}, "tools", "invalid_value"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools", "invalid_value"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools", "missing_required_parameter"),
        ({"reasoning_effort": "extreme"}, "reasoning_effort", "invalid_value"),
        ({"response_format": {"type": "xml"}}, "response_format", "invalid_value"),
        ({"response_format": {"type": "json_schema"}}, "response_format", "missing_required_parameter"),
        ({"logit_bias": {"50256": "x"}}, "logit_bias", "invalid_type"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], param: str, code: str) -> None:
    refused = refusal(**fields)
    assert (refused.param, refused.code) == (param, code)
    assert param in refused.message


def test_a_number_too_large_to_hold_is_refused() -> None:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "temperature": 1e999}'
    assert refusal(body).param == "temperature"


def test_whole_numbers_are_good_where_fractions_are() -> None:
    assert read(temperature=1).temperature == 1


def test_unknown_fields_are_kept_aside_by_name() -> None:
    assert read(top_a=1, stops="x", unknown=2, choices=3).unknown == ["top_a", "stops", "unknown", "choices"]
    assert read(stops="x").stops == []


def test_a_caller_cannot_claim_to_be_legacy() -> None:
    assert read(legacy=True).legacy is False


def test_the_newer_length_wins() -> None:
    assert read(max_tokens=10).output_limit == 10
    assert read(max_tokens=10, max_completion_tokens=20).output_limit == 20
    assert read().output_limit is None


def test_stop_is_a_text_or_a_list() -> None:
    assert read(stop="a").stops == ["a"]
    assert read(stop=["a", "b"]).stops == ["a", "b"]


def test_usage_is_wanted_only_with_a_stream() -> None:
    options = {"include_usage": True}
    assert read(stream=True, stream_options=options).wants_usage
    assert not read(stream_options=options).wants_usage


def test_legacy_functions_become_tools() -> None:
    request = read(functions=[TOOL["function"]], function_call={"name": "weather"})
    assert request.legacy and request.forced_tool == "weather"
    assert request.tools is not None and request.tools[0].function.name == "weather"
    assert read(functions=[TOOL["function"]], function_call="none").tool_choice == "none"
    assert not read(tools=[TOOL]).legacy


def allowed(mode: str, *names: Any) -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


@pytest.mark.parametrize(
    ("choice", "must_call"),
    [
        ("auto", False),
        ("none", False),
        ("required", True),
        ({"type": "function", "function": {"name": "weather"}}, True),
        (allowed("auto", "weather"), False),
        (allowed("required", "weather"), True),
    ],
)
def test_a_choice_says_whether_a_call_must_come(choice: Any, must_call: bool) -> None:
    assert read(tools=[TOOL], tool_choice=choice).must_call is must_call


@pytest.mark.parametrize(
    "choice",
    [
        "always",
        {"type": "custom", "custom": {"name": "x"}},
        {"type": "function"},
        {"type": "allowed_tools"},
        {"type": "function", "function": {"name": "other"}},
        allowed("auto", "other"),
        allowed("auto"),
        allowed("auto", []),
        allowed("auto", None),
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"function": 5}]}},
    ],
)
def test_a_choice_that_fits_no_tool_is_refused(choice: Any) -> None:
    assert refusal(tools=[TOOL], tool_choice=choice).param == "tool_choice"


def test_a_choice_without_tools_falls_away_or_is_refused() -> None:
    assert read(tool_choice="auto").tool_choice is None
    assert read(tool_choice="none", tools=[]).tool_choice is None
    assert refusal(tool_choice="required").param == "tool_choice"


def test_a_tool_called_none_is_not_meant_by_null() -> None:
    tool = {"type": "function", "function": {"name": "None"}}
    assert refusal(tools=[tool], tool_choice=allowed("auto", None)).param == "tool_choice"


def test_what_is_quoted_back_is_short() -> None:
    call = {"role": "tool", "tool_call_id": "x" * 10**6, "content": ""}
    assert len(refusal(messages=[call]).message) <= LONGEST + 1
