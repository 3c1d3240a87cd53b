"""What the sandbox's Responses API refuses, and in which words."""

from typing import Any

import pytest

from tests.inference.sandbox.upstream import CITY, Upstream, says

TOOL = {"type": "function", "name": "get_weather", "parameters": CITY}
ASKED = {"role": "user", "content": "x"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "1"}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": []}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown field": ({"messages": []}, "Unknown parameter: 'messages'"),
    "no input": ({"input": []}, "input"),
    "a chat part": (
        {"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]},
        "'input_text', 'input_image'",
    ),
    "an input part of the assistant": (
        {"input": [ASKED, {"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]},
        "output_text",
    ),
    "a nested tool": ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools[0].name"),
    "a tiny limit": ({"max_output_tokens": 15}, "Expected a value >= 16"),
    "a temperature": ({"temperature": 1}, "'temperature' is not supported with this model"),
    "an effort it does not have": ({"reasoning": {"effort": "none"}}, "'none' is not supported"),
    "a call without an output": ({"input": [ASKED, CALL]}, "No tool output found for function call call_1."),
    "an output without a call": ({"input": [ASKED, OUTPUT]}, "No tool call found"),
    "reasoning without its content": ({"input": [ASKED, REASONING, CALL, OUTPUT]}, "Items are not persisted"),
    "reasoning of another": (
        {"input": [ASKED, {**REASONING, "encrypted_content": "AAAA"}, CALL, OUTPUT]},
        "could not be verified",
    ),
    "a choice of no tool": (
        {"tools": [TOOL], "tool_choice": {"type": "function", "name": "f"}},
        "not found in 'tools'",
    ),
    "an open strict tool": ({"tools": [{**TOOL, "strict": True}]}, "additionalProperties"),
    "an earlier response": ({"previous_response_id": "resp_1"}, "not found"),
    "JSON mode without the word": ({"text": {"format": {"type": "json_object"}}}, "the word 'json'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str, upstream: Upstream) -> None:
    change, words = REFUSED[case]
    response = upstream.post("responses", says("responses", "hello") | change)
    assert response.status_code == 400, response.text
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert words in response.json()["error"]["message"]


def test_reasoning_comes_back_between_tool_turns(upstream: Upstream) -> None:
    asked = says("responses", "weather in Paris", tools=[TOOL], include=["reasoning.encrypted_content"], store=False)
    output = upstream.post("responses", asked).json()["output"]
    assert [item["type"] for item in output] == ["reasoning", "function_call"]
    answer = {**OUTPUT, "call_id": output[1]["call_id"]}
    again = upstream.post("responses", asked | {"input": [ASKED, *output, answer]})
    assert "The tools say: 1" in again.json()["output"][1]["content"][0]["text"]
