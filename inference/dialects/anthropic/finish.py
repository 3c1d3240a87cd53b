"""Why a reply ended (docs/providers/anthropic.md), for streams and whole replies alike."""

from typing import Any

from inference.dialects.untrusted_json import mapping, string

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",  # a caller's tool makes it tool_calls below; Claude's own tools do not
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
DECLINED = "The model declined to answer."
# A refusal before any output is free, but for these, which Anthropic bills since 2026-09-24
# (docs/providers/anthropic.md).
BILLED_REFUSALS = ("bio", "frontier_llm", "reasoning_extraction")


def finish_reason(stop_reason: Any, *, calls: bool) -> str:
    """Reasons we do not know (`compaction`, `pause_turn`, none at all) end a reply like any other."""
    reason = FINISH_REASONS.get(string(stop_reason) or "", "stop")
    return "tool_calls" if calls and reason == "stop" else reason


def refusal(stop_reason: Any, stop_details: Any) -> str | None:
    if stop_reason != "refusal":
        return None
    text = string(mapping(stop_details).get("explanation")) or DECLINED
    named = category(stop_details)
    return f"{text} (category: {named})" if named and named not in text else text


def category(stop_details: Any) -> str | None:
    """What it was about, as Anthropic names it."""
    named = string(mapping(stop_details).get("category"))
    return named[:80] if named and named.isprintable() else None
