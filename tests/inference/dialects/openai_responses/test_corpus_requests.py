"""Recorded Chat Completions requests, rendered for this API: OpenAI's own types take every body."""

import json
from typing import Any

import pytest

from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from inference.dialects import openai_responses
from tests.each import of_each

from . import sdk
from .asking import target
from .recorded import CASES, MISSING, cases

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=MISSING)

PROVIDERS = ("openai", "moonshot", "qwen", "compat-kimi-qwen", "extra-azure-openai")
REQUESTS = {
    f"{provider}/{name}": given["request"]
    for provider in PROVIDERS
    for name, given in cases(provider)
    if isinstance(given["request"], dict) and "messages" in given["request"]
}
# What this API lacks, or we do not offer.
LACKS = {"n", "stop", "web_search_options", "audio", "modalities", "moderation", "service_tier"}


@of_each("name", REQUESTS)
def test_a_recorded_request_renders_to_what_the_types_take(name: str) -> None:
    given = REQUESTS[name]
    try:
        request = ChatRequest.read(json.dumps(given).encode())
        body = openai_responses.render(request, target()).body
    except InvalidRequest as refused:
        assert is_rightly_refused(given, refused), refused.message
    else:
        sdk.check(body)
        assert said(given) <= written(body)


def is_rightly_refused(given: dict[str, Any], refused: InvalidRequest) -> bool:
    if refused.param in LACKS:
        return refused.param in given
    text = json.dumps(given)
    unheard = '"input_audio"' in text or '"type": "custom"' in text or '"http://' in text or '"file_id"' in text
    return unheard or not given["messages"] or given.get("temperature", 0) > 2


def said(given: dict[str, Any]) -> set[str]:
    """All texts and call ids of the conversation."""
    texts: set[str] = set()
    for message in given["messages"]:
        content = message.get("content") or ""
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        joined = message["role"] in ("assistant", "tool")
        found = [part["text"] for part in parts if part["type"] == "text"]
        texts |= {"".join(found)} if joined else set(found)
        texts |= {call["function"]["arguments"] or "{}" for call in message.get("tool_calls") or ()}
        texts |= {call["id"] for call in message.get("tool_calls") or ()}
    return texts - {""}


def written(body: dict[str, Any]) -> set[str]:
    texts: set[str] = set()
    for item in body["input"]:
        content = item.get("content", "")
        texts |= {content} if isinstance(content, str) else {part.get("text", "") for part in content}
        texts |= {item.get(name) for name in ("arguments", "call_id", "output") if isinstance(item.get(name), str)}
    return texts
