"""Recorded answers, read by the dialect and, in this file's own way, from the response object at the end of each."""

import json
from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Gathered, Reply
from inference.dialects import openai_responses
from inference.sse import Decoder
from tests.each import of_each

from .asking import read
from .recorded import CASES, MISSING, case, final_response, names

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=MISSING)

# What of an answer is not as its response object says, and why.
REASONS = {
    "reqllm--openai-o4-mini-deep-research-usage": ("usage", "-9 output tokens are doubted and shown as 0"),
    "prism--openai-stream-multiple-output-items-1": ("model", "written by hand: only the first event names it"),
}
FAILED = {
    "mirascope--test-authentication-error-stream-openai-gpt-4o-responses": (503, "provider_auth_failed"),
    "mirascope--test-model-call-with-tools--1": (400, "invalid_function_parameters"),
    "prism--openai-stream-rate-limited-1": (429, "rate_limit_exceeded"),
    "pydantic-ai--test-openai-responses-test-background-mode-streaming-without-starting-after-vcr": (
        502,
        "bad_upstream_response",
    ),
    "reqllm--openai-o1-mini-streaming": (400, "model_not_found"),
    "rig--openai-error-identity-edge-nonexistent-previous-response-reference-carries-identity": (
        400,
        "previous_response_not_found",
    ),
    "vercel-ai--openai-error-1": (503, "provider_quota_exhausted"),
    "vercel-ai--reasoning-model-temperature-error": (400, "invalid_request"),
}
ALL = names("openai-responses")
FINISHES = {"max_output_tokens": "length", "content_filter": "content_filter"}


@of_each("name", [name for name in ALL if name not in FAILED])
def test_a_recorded_answer_says_the_same_here(name: str) -> None:
    recorded = case("openai-responses", name)
    expected, made = meant(final_response(recorded)), heard(answered(recorded))
    differs, _ = REASONS.get(name, ("", ""))
    assert {**made, differs: None} == {**expected, differs: None}


@of_each("name", [name for name in ALL if name in FAILED])
def test_a_recorded_failure_has_its_meaning(name: str) -> None:
    recorded = case("openai-responses", name)
    with pytest.raises(ProviderError) as failed:
        answered(recorded)
    assert (failed.value.meaning.status, failed.value.code) == FAILED[name]


@of_each("name", [name for name in ALL if name not in FAILED])
def test_a_json_answer_can_be_told_as_a_stream(name: str) -> None:
    reply = openai_responses.parse(final_response(case("openai-responses", name)), rendered())
    gathered = Gathered()
    for delta in reply.deltas():
        gathered.add(delta)
    assert gathered.reply(reply.facts).choices[0].message == reply.choices[0].message


def rendered() -> ProviderRequest:
    return ProviderRequest(read(), {"model": "gpt-5.2-codex"})


def answered(recorded: dict[str, Any]) -> Reply:
    if recorded["status"] != 200:
        body = json.dumps(recorded["response"]).encode()
        raise openai_responses.fault(recorded["status"], recorded["response_headers"], body)
    if "response" in recorded:
        return openai_responses.parse(recorded["response"], rendered())
    translator, decoder, gathered = openai_responses.stream(rendered()), Decoder(), Gathered()
    for event in decoder.feed(recorded["sse"].encode()) + decoder.end():
        for delta in translator.feed(event):
            gathered.add(delta)
    assert translator.end() == []
    return gathered.reply(translator.facts)


def heard(reply: Reply) -> dict[str, Any]:
    choice, usage = reply.choices[0], reply.facts.usage
    message = choice.message
    return {
        "content": message["content"] or "",
        "refusal": message["refusal"] or "",
        "reasoning": message.get("reasoning_content", ""),
        "calls": [heard_call(call) for call in message.get("tool_calls", [])],
        "citations": [cited["url_citation"]["url"] for cited in message.get("annotations", [])],
        "finish": choice.finish_reason,
        "model": reply.facts.model,
        "usage": None
        if usage is None
        else (usage.prompt_tokens, usage.cached, usage.write_5m, usage.output, usage.reasoning),
        "sealed": sealed(message.get("extra_content", {}).get("openai", {}).get("output", [])),
    }


def heard_call(call: dict[str, Any]) -> tuple[str, str, Any]:
    if call["type"] == "custom":
        return call["id"], call["custom"]["name"], call["custom"]["input"]
    return call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])


def meant(response: dict[str, Any]) -> dict[str, Any]:
    parts = [part for item in response["output"] if item["type"] == "message" for part in item["content"]]
    calls = [meant_call(item) for item in response["output"] if item["type"] in ("function_call", "custom_tool_call")]
    thoughts = [part["text"] for item in response["output"] if item["type"] == "reasoning" for part in item["summary"]]
    cited = [note for part in parts for note in part.get("annotations", ()) if note["type"] == "url_citation"]
    usage = response["usage"]
    reason = (response.get("incomplete_details") or {}).get("reason")
    return {
        "content": "".join(part["text"] for part in parts if part["type"] == "output_text"),
        "refusal": "".join(part["refusal"] for part in parts if part["type"] == "refusal"),
        "reasoning": "\n\n".join(thoughts),
        "calls": calls,
        "citations": [note["url"] for note in cited],
        "finish": FINISHES[reason] if reason else "tool_calls" if calls else "stop",
        "model": response.get("model"),
        "usage": None  # a prompt of nothing is no usage
        if not usage["input_tokens"]
        else (
            usage["input_tokens"],
            usage.get("input_tokens_details", {}).get("cached_tokens", 0),
            usage.get("input_tokens_details", {}).get("cache_write_tokens", 0),
            usage["output_tokens"],
            usage.get("output_tokens_details", {}).get("reasoning_tokens"),
        ),
        "sealed": sealed(response["output"]),
    }


def meant_call(item: dict[str, Any]) -> tuple[str, str, Any]:
    asked = json.loads(item["arguments"]) if item["type"] == "function_call" else item["input"]
    return item["call_id"], item["name"], asked


def sealed(items: list[dict[str, Any]]) -> list[str]:
    """The same thought is sealed anew in each event that holds it: only its id stays."""
    return [item["id"] for item in items if item.get("encrypted_content")]
