"""Gemini's usage in buckets (docs/providers/gemini.md). Thoughts are output; cached tokens are part of the prompt."""

from collections.abc import Mapping
from typing import Any

from inference.chat.usage import Usage
from inference.dialects.untrusted_json import grown, mapping, number, objects, tokens

GROWING = ("candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount")  # with each event of a stream
AUDIO = ("AUDIO", 4)  # some gateways send the enum's numbers


def updated(usage: dict[str, Any], later: Any) -> dict[str, Any]:
    """Snapshots are cumulative; a field that one leaves out keeps its earlier value."""
    return grown(usage, mapping(later), ("promptTokenCount", "candidatesTokenCount"))


def read(usage: Mapping[str, Any]) -> Usage | None:
    """None where the provider did not say."""
    prompt = number(usage.get("promptTokenCount"))
    if prompt is None:
        return None
    tools, cached = tokens(usage.get("toolUsePromptTokenCount")), tokens(usage.get("cachedContentTokenCount"))
    candidates, thoughts = tokens(usage.get("candidatesTokenCount")), usage.get("thoughtsTokenCount")
    if thoughts is not None:
        thoughts = tokens(thoughts)
    if min(tools, candidates) < 0:
        return None  # a sum could hide it
    audio, audio_cached = spoken(usage, "promptTokensDetails"), spoken(usage, "cacheTokensDetails")
    is_inclusive = bool(thoughts) and prompt + tools + candidates == number(usage.get("totalTokenCount"))
    return Usage.of(
        prompt=prompt + tools,
        output=candidates if is_inclusive else candidates + (thoughts or 0),
        cached=cached - audio_cached,
        audio_in=audio - audio_cached,
        audio_cached=audio_cached,
        reasoning=thoughts,
    )


def spoken(usage: Mapping[str, Any], details: str) -> int:
    """Audio has a price of its own."""
    if not usage.get(details):
        return 0
    heard = [detail for detail in objects(usage.get(details)) if detail.get("modality") in AUDIO]
    counts = [tokens(detail.get("tokenCount")) for detail in heard]
    return min(counts) if min(counts, default=0) < 0 else sum(counts)
