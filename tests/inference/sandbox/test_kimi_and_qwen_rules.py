"""Where Moonshot and Qwen differ from the API they imitate."""

from typing import Any

import pytest

from tests.inference.sandbox.upstream import Upstream, function, says

ASKED = {"role": "user", "content": "x"}
CALL = {"id": "functions.f:0", "type": "function", "function": {"name": "func", "arguments": "{}"}}
ANSWERED = {"role": "tool", "tool_call_id": "functions.f:0", "content": "1"}
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def with_property(schema: dict[str, Any]) -> dict[str, Any]:
    return function(parameters={"type": "object", "properties": {"a": schema}, "required": []})


KIMI_REFUSES: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": ({"seed": 1}, "Unknown parameter: 'seed'"),
    "its own temperature": ({"temperature": 0.5}, "only 1 is allowed for this model"),
    "another top_p": ({"top_p": 0.5}, "only 0.95 is allowed"),
    "two choices": ({"n": 2}, "only 1 is allowed"),
    "a forced tool": ({"tools": [function()], "tool_choice": "required"}, "tool_choice"),
    "a named tool": (
        {"tools": [function()], "tool_choice": {"type": "function", "function": {"name": "get_weather"}}},
        "tool_choice",
    ),
    "a tool without a root type": (
        {"tools": [function(parameters={"properties": {}, "required": []})]},
        'must be "object"',
    ),
    "a type beside anyOf": (
        {"tools": [with_property({"type": "object", "anyOf": [{"type": "object", "required": []}]})]},
        "type should be defined in anyOf items",
    ),
    "a property without a type": ({"tools": [with_property({"description": "anything"})]}, "type is not defined"),
    "an object without required": ({"tools": [with_property({"type": "object"})]}, "required is not defined"),
    "a tool with a short name": ({"tools": [function("go")]}, "pattern"),
    "six stop strings": ({"stop": list("abcdef")}, "stop"),
    "a long stop string": ({"stop": "x" * 33}, "32 bytes"),
    "calls without their reasoning": (
        {"messages": [ASKED, {"role": "assistant", "tool_calls": [CALL]}, ANSWERED]},
        "reasoning_content is missing",
    ),
    "an empty message": ({"messages": [{"role": "user", "content": ""}]}, "must not be empty"),
    "a developer": ({"messages": [{"role": "developer", "content": "x"}]}, "'developer'"),
    "a picture elsewhere": ({"messages": [{"role": "user", "content": [PICTURE]}]}, "unsupported image url"),
}
QWEN_REFUSES: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": ({"frequency_penalty": 1}, "Unknown parameter"),
    "a temperature of two": ({"temperature": 2}, "temperature"),
    "an unknown choice": ({"tools": [function()], "tool_choice": "always"}, "tool_choice"),
    "a strict tool": ({"tools": [function(strict=True)]}, "strict"),
    "a picture": ({"messages": [{"role": "user", "content": [PICTURE]}]}, "only supports text"),
    "a schema": (
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}},
        "'json_schema'",
    ),
    "JSON mode without the word": ({"response_format": {"type": "json_object"}}, "must contain the word 'json'"),
    "no content": ({"messages": [ASKED, {"role": "assistant", "content": None}]}, "messages[1].content"),
    "thinking": ({"enable_thinking": True}, "enable_thinking"),
    "more than it can say": ({"max_tokens": 65_537}, "max_tokens"),
}


@pytest.mark.parametrize("case", KIMI_REFUSES)
def test_kimi_refuses(case: str, upstream: Upstream) -> None:
    change, words = KIMI_REFUSES[case]
    response = upstream.post("moonshot", says("moonshot", "hello") | change)
    assert response.status_code == 400
    assert set(response.json()["error"]) == {"type", "message"}
    assert words in response.json()["error"]["message"]


@pytest.mark.parametrize("case", QWEN_REFUSES)
def test_qwen_refuses(case: str, upstream: Upstream) -> None:
    change, words = QWEN_REFUSES[case]
    response = upstream.post("qwen", says("qwen", "hello") | change)
    assert response.status_code == 400
    assert response.json()["request_id"]
    assert words in response.json()["error"]["message"]


def test_qwen_sends_its_400_in_an_event_when_a_stream_was_asked_for(upstream: Upstream) -> None:
    response = upstream.post("qwen", says("qwen", "hello", stream=True, temperature=9))
    assert response.status_code == 400
    assert response.text.startswith('data: {"error":')


@pytest.mark.parametrize(
    ("wire", "kind"), [("moonshot", "resource_not_found_error"), ("qwen", "invalid_request_error")]
)
def test_they_name_a_model_they_do_not_have(wire: str, kind: str, upstream: Upstream) -> None:
    response = upstream.post(wire, says(wire, "hello", model="kimi-0"))
    assert (response.status_code, response.json()["error"]["type"]) == (404, kind)


def test_kimi_goes_on_when_its_reasoning_comes_back(upstream: Upstream) -> None:
    called = {"role": "assistant", "content": "", "reasoning_content": " ", "tool_calls": [CALL]}
    reply = upstream.post(
        "moonshot", says("moonshot", "x", tools=[function("func")]) | {"messages": [ASKED, called, ANSWERED]}
    ).json()
    assert "The tools say: 1" in reply["choices"][0]["message"]["content"]
    assert reply["choices"][0]["message"]["reasoning_content"]


def test_kimi_without_thinking_wants_no_reasoning_and_another_temperature(upstream: Upstream) -> None:
    off = {"thinking": {"type": "disabled"}, "temperature": 0.6}
    messages = [ASKED, {"role": "assistant", "content": "", "tool_calls": [CALL]}, ANSWERED]
    reply = upstream.post("moonshot", says("moonshot", "x", **off) | {"messages": messages})
    assert reply.status_code == 200
    assert "reasoning_content" not in reply.json()["choices"][0]["message"]


def test_kimis_call_ids_name_the_function(upstream: Upstream) -> None:
    reply = upstream.post("moonshot", says("moonshot", "weather in Paris", tools=[function()])).json()
    assert reply["choices"][0]["message"]["tool_calls"][0]["id"] == "functions.get_weather:0"


def test_kimis_stream_carries_usage_in_the_finish_chunk(upstream: Upstream) -> None:
    finish = upstream.events("moonshot", says("moonshot", "hello"))[-1]["choices"][0]
    assert finish["finish_reason"] == "stop"
    assert finish["usage"]["total_tokens"] > 0


def test_qwens_later_fragments_have_empty_ids_and_the_last_no_arguments(upstream: Upstream) -> None:
    events = upstream.events("qwen", says("qwen", "weather in Paris", tools=[function()]))
    calls = [call for event in events for choice in event["choices"] for call in choice["delta"].get("tool_calls", ())]
    assert [bool(call["id"]) for call in calls] == [True, False, False]
    assert calls[-1]["function"] == {"arguments": None}
    assert "".join(call["function"]["arguments"] or "" for call in calls) == '{"city": "Paris"}'
