"""Gemini's usage in buckets (docs/providers/gemini.md). Thoughts are output; cached tokens are part of the prompt."""

from collections.abc import Mapping
from typing import Any

from inference.chat.usage import Usage
from inference.dialects.untrusted_json import mapping, number, objects

MOST = 2**40  # more tokens than that are no count
AUDIO = ("AUDIO", 4)  # some gateways send the enum's numbers


def updated(usage: dict[str, Any], later: Any) -> dict[str, Any]:
    """Snapshots are cumulative; a field that one leaves out keeps its earlier value."""
    return {**usage, **{name: value for name, value in mapping(later).items() if value is not None}}


def read(usage: Mapping[str, Any]) -> Usage | None:
    """None where the provider did not say."""
    prompt = count(usage, "promptTokenCount")
    if prompt is None:
        return None
    tools, cached = count(usage, "toolUsePromptTokenCount") or 0, count(usage, "cachedContentTokenCount") or 0
    candidates, thoughts = count(usage, "candidatesTokenCount") or 0, count(usage, "thoughtsTokenCount")
    audio, audio_cached = spoken(usage, "promptTokensDetails"), spoken(usage, "cacheTokensDetails")
    is_inclusive = bool(thoughts) and prompt + tools + candidates == count(usage, "totalTokenCount")
    return Usage.of(
        prompt=prompt + tools,
        output=candidates if is_inclusive else candidates + (thoughts or 0),
        cached=cached - audio_cached,
        audio_in=audio - audio_cached,
        audio_cached=audio_cached,
        reasoning=thoughts,
    )


def count(usage: Mapping[str, Any], name: str) -> int | None:
    value = number(usage.get(name))
    return value if value is not None and abs(value) < MOST else None


def spoken(usage: Mapping[str, Any], details: str) -> int:
    """Audio has a price of its own."""
    heard = [detail for detail in objects(usage.get(details)) if detail.get("modality") in AUDIO]
    return sum(count(detail, "tokenCount") or 0 for detail in heard)
