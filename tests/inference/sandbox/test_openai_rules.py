"""What the sandbox's OpenAI refuses, and in which words."""

from typing import Any

import pytest

from tests.inference.sandbox.upstream import CITY, Upstream, function, says

LOOSE = {"name": "f", "strict": True, "parameters": CITY}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ASKED = {"role": "user", "content": "x"}
CALLED = {"role": "assistant", "tool_calls": [CALL]}
ANSWERED = {"role": "tool", "tool_call_id": "call_1", "content": "1"}

REFUSED: dict[str, tuple[dict[str, Any], str | None, str | None]] = {
    "an unknown field": ({"top_k": 3}, "top_k", "unknown_parameter"),
    "an unknown field inside": ({"messages": [{**ASKED, "mood": "x"}]}, "messages[0].mood", "unknown_parameter"),
    "a text where a number belongs": ({"temperature": "1"}, "temperature", "invalid_type"),
    "a number above its range": ({"temperature": 3}, "temperature", "integer_above_max_value"),
    "no messages": ({"messages": []}, "messages", "empty_array"),
    "an unknown role": ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "invalid_value"),
    "max_tokens": ({"max_tokens": 9}, "max_tokens", "unsupported_parameter"),
    "a stop string": ({"stop": "x"}, "stop", "unsupported_parameter"),
    "a temperature while it reasons": (
        {"reasoning_effort": "low", "temperature": 1},
        "temperature",
        "unsupported_value",
    ),
    "an effort it does not have": ({"reasoning_effort": "minimal"}, "reasoning_effort", "unsupported_value"),
    "a temperature on gpt-5-mini": ({"model": "gpt-5-mini", "temperature": 0.5}, "temperature", "unsupported_value"),
    "codex on chat": ({"model": "gpt-5.2-codex"}, "model", None),
    "too long a limit": ({"max_completion_tokens": 128_001}, "max_completion_tokens", "invalid_value"),
    "stream options without a stream": ({"stream_options": {}}, "stream_options", None),
    "a choice without tools": ({"tool_choice": "auto"}, "tool_choice", None),
    "metadata without store": ({"metadata": {"a": "b"}}, "metadata", None),
    "JSON mode without the word": ({"response_format": {"type": "json_object"}}, "messages", None),
    "a loose strict function": (
        {"tools": [{"type": "function", "function": LOOSE}]},
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    "an unanswered call": ({"messages": [ASKED, CALLED, ASKED]}, "messages.[2].role", None),
    "a call left open": ({"messages": [ASKED, CALLED]}, "messages.[2].role", None),
    "an answer to nothing": ({"messages": [ASKED, ANSWERED]}, "messages.[1].role", None),
    "an image in an assistant message": (
        {"messages": [ASKED, {"role": "assistant", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        "messages[1].content[0].type",
        "invalid_value",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str, upstream: Upstream) -> None:
    change, param, code = REFUSED[case]
    response = upstream.post("openai", says("openai", "hello") | change)
    assert response.status_code == 400
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


def test_it_names_a_model_it_does_not_have(upstream: Upstream) -> None:
    response = upstream.post("openai", says("openai", "hello", model="gpt-9"))
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Bearer"}, {"authorization": "Bearer wrong"}, {"x-api-key": "a"}]
)
def test_it_wants_a_key(headers: dict[str, str], upstream: Upstream) -> None:
    response = upstream.post("openai", says("openai", "hello"), headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    "change",
    [
        {"stop": None, "tools": [function()], "seed": None, "temperature": None},
        {"temperature": 0.3, "top_p": 0.5, "logprobs": True, "top_logprobs": 2},
        {"messages": [ASKED, CALLED, ANSWERED]},
        {"reasoning_effort": "xhigh", "max_completion_tokens": 128_000},
        {"model": "gpt-5-nano", "temperature": 1},
        {"store": True, "metadata": {"a": "b"}, "service_tier": "default", "prompt_cache_retention": "in_memory"},
    ],
)
def test_it_takes(change: dict[str, Any], upstream: Upstream) -> None:
    assert upstream.post("openai", says("openai", "hello") | change).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"model": NaN}', b'"text"', b"\xff"])
def test_it_refuses_what_is_no_request(body: bytes, upstream: Upstream) -> None:
    response = upstream.http.post("/openai/v1/chat/completions", content=body, headers={"authorization": "Bearer a"})
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
