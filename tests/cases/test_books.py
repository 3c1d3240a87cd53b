"""What of an answer is for the receipt, and what for staff."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from credits.models import CreditTransaction
from inference.api import chat
from inference.completion import handler
from inference.models import Completion
from inference.reporting import audit, receipts
from inference.upstream import client as upstream
from tests.cases.answer import Json
from tests.cases.provider import ScriptedProvider
from tests.sdk.scripted_upstream import CHAT_USAGE, CLAUDE_USAGE, CODEX_USAGE, EVENTS, WHOLE, candidate

Ask = Callable[..., Completion]


@pytest.fixture
def ask(key: str, provider: ScriptedProvider, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> Ask:
    """The completion that a model's scripted replies come to."""

    def ask(model: str, **replies: list[Json]) -> Completion:
        async def once() -> None:
            provider.begin(replies)
            body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
            try:
                await handler.complete(chat, {"authorization": f"Bearer {key}"}, json.dumps(body).encode())
            finally:
                await upstream.close()

        run(once())
        assert list(audit.faults()) == []
        return Completion.objects.get()

    return ask


def claude(usage: Json) -> list[Json]:
    events = [
        {**event, "usage": usage} if event["type"] == "message_delta" else event for event in EVENTS["claude-haiku-4.5"]
    ]
    return [{"events": events}]


@pytest.mark.parametrize(
    ("said", "alert"),
    [
        ({"speed": "fast"}, "unasked:speed=fast"),
        ({"inference_geo": "us"}, "unasked:inference_geo=us"),
        ({"service_tier": "priority"}, "unasked:service_tier=priority"),
        ({"server_tool_use": {"web_search_requests": 3}}, "unasked:server_tool_use.web_search_requests"),
    ],
)
def test_staff_see_what_claude_did_unasked(ask: Ask, said: Json, alert: str) -> None:
    assert alert in ask("claude-opus-4.6", anthropic=claude({**CLAUDE_USAGE, **said})).alerts


def test_staff_see_nothing_where_all_is_as_asked(ask: Ask) -> None:
    usual = {"speed": "standard", "inference_geo": "not_available", "service_tier": "standard",
             "server_tool_use": {"web_search_requests": 0}}  # fmt: skip
    assert ask("claude-haiku-4.5", anthropic=claude({**CLAUDE_USAGE, **usual})).alerts == []


@pytest.mark.parametrize(("model", "dialect"), [("gpt-5-mini", "openai_chat"), ("gpt-5.2-codex", "openai_responses")])
def test_staff_see_another_tier_of_openai(ask: Ask, model: str, dialect: str) -> None:
    assert (
        "unasked:service_tier=priority"
        in ask(model, **{dialect: [{"json": {**WHOLE[model], "service_tier": "priority"}}]}).alerts
    )


def test_staff_see_a_search_of_openais(ask: Ask) -> None:
    whole = WHOLE["gpt-5.2-codex"]
    searched = {**whole, "usage": CODEX_USAGE, "output": [{"type": "web_search_call", "id": "w"}, *whole["output"]]}
    assert "unasked:web_search_call" in ask("gpt-5.2-codex", openai_responses=[{"json": searched}]).alerts


def test_staff_see_tools_of_geminis_and_qwens(ask: Ask) -> None:
    used = candidate("Hello", finishReason="STOP")
    used["usageMetadata"] |= {"toolUsePromptTokenCount": 9, "trafficType": "PROVISIONED_THROUGHPUT"}
    assert {"unasked:toolUsePromptTokenCount", "unasked:trafficType=PROVISIONED_THROUGHPUT"} <= set(
        ask("gemini-2.5-flash", gemini=[{"json": used}]).alerts
    )


def test_staff_see_plugins_of_qwens(ask: Ask) -> None:
    whole = {**WHOLE["gpt-5-mini"], "usage": {**CHAT_USAGE, "plugins": {"search": {"count": 1, "strategy": "pro"}}}}
    assert "unasked:plugins.search" in ask("qwen3-coder", openai_chat=[{"json": whole}]).alerts


def garbled(tokens: int) -> Json:
    return {
        "json": {
            "candidates": [{"index": 0, "finishReason": "MALFORMED_FUNCTION_CALL"}],
            "usageMetadata": {"promptTokenCount": tokens, "totalTokenCount": tokens},
            "responseId": "r-1",
        }
    }


def test_a_try_that_came_to_nothing_is_charged_to_nobody_and_shown_to_staff(ask: Ask) -> None:
    completion = ask("gemini-2.5-flash", gemini=[garbled(1_000_000), {"json": candidate("Hello", finishReason="STOP")}])
    assert (completion.charged_cents, completion.prompt_tokens, completion.settlement) == (1, 4, "exact")
    assert completion.alerts == ["asked_again:MALFORMED_FUNCTION_CALL"]
    (tried,) = completion.seen["failed_tries"]
    assert (tried["usage"]["promptTokenCount"], tried["upstream_id"]) == (1_000_000, "r-1")


def test_two_tries_that_came_to_nothing_are_charged_to_nobody(ask: Ask) -> None:
    completion = ask("gemini-2.5-flash", gemini=[garbled(1_000_000)])
    assert (completion.charged_cents, completion.settlement, completion.status) == (0, "none", 502)
    assert not CreditTransaction.objects.filter(type="inference").exists()


def test_a_receipt_tells_why_it_was_refused(ask: Ask) -> None:
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}}
    receipt = receipts.receipt_of(ask("gemini-2.5-flash", gemini=[{"json": blocked}]))
    assert (receipt.refused, receipt.charged_cents) == ("PROHIBITED_CONTENT", 0)


def test_a_receipt_tells_why_a_filter_refused(ask: Ask) -> None:
    said = {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "Output blocked by content filtering policy"},
    }
    receipt = receipts.receipt_of(ask("claude-haiku-4.5", anthropic=[{"status": 400, "json": said}]))
    assert receipt.refused == "Output blocked by content filtering policy"


def test_marked_cache_reads_have_a_line_of_their_own(ask: Ask) -> None:
    usage = {**CHAT_USAGE, "prompt_tokens": 30_000, "total_tokens": 30_002,
             "prompt_tokens_details": {"cached_tokens": 29_000, "cache_type": "ephemeral"}}  # fmt: skip
    receipt = receipts.receipt_of(ask("qwen3-coder", openai_chat=[{"json": {**WHOLE["gpt-5-mini"], "usage": usage}}]))
    assert [(line.bucket, line.tokens, line.is_priced) for line in receipt.lines] == [
        ("input", 1_000, True), ("cached_explicit", 29_000, True), ("output", 2, True),
    ]  # fmt: skip
