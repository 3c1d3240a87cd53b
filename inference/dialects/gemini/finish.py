"""Why a candidate ended (docs/providers/gemini.md), for streams and whole replies alike."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from inference.chat.provider_error import BAD_RESPONSE, TRUNCATED, ErrorKind, ProviderError
from inference.dialects.untrusted_json import objects, string

# The model garbled a call. Asked again it mostly does better; as a `stop` it would make agents loop on an empty answer.
GARBLED = replace(BAD_RESPONSE, retries=1, second_try=True)
UNSIGNED = "MISSING_THOUGHT_SIGNATURE"
UNSAID = "content_filter if nothing was said"  # else a stop: what OTHER means depends on what came before

# https://ai.google.dev/api/generate-content#FinishReason, and Vertex' own
FINISHED: dict[str, str | ErrorKind] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "LANGUAGE": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "ESCALATION": "content_filter",
    "PUP_LIMITED_DISABLED": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "OTHER": UNSAID,
    "IMAGE_OTHER": UNSAID,
    "NO_IMAGE": UNSAID,
    "MALFORMED_FUNCTION_CALL": GARBLED,
    "UNEXPECTED_TOOL_CALL": GARBLED,
    "TOO_MANY_TOOL_CALLS": GARBLED,
    "MALFORMED_RESPONSE": GARBLED,
    UNSIGNED: GARBLED,
    "FINISH_REASON_UNSPECIFIED": TRUNCATED,
}
# Some gateways send the enum's numbers. Above these, AI Studio and Vertex count differently.
NUMBERED = ("FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER")


def named(value: Any) -> str | None:
    """The reason as Google names it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return NUMBERED[value] if 0 <= value < len(NUMBERED) else "OTHER"
    return value if isinstance(value, str) and value else None


def finish_reason(reason: str | None, *, calls: bool, text: bool, message: str = "") -> str:
    """Raises `ProviderError`. Gemini has no reason of its own for calls; one we do not know is some other."""
    meant = TRUNCATED if reason is None else FINISHED.get(reason, UNSAID)
    if isinstance(meant, ErrorKind):
        raise ProviderError(meant, message or reason or "", provider_code=reason)
    if meant == UNSAID:
        meant = "stop" if calls or text else "content_filter"
    return "tool_calls" if calls and meant == "stop" else meant


def refusal(block_reason: str, message: str = "") -> str:
    return f"Prompt blocked by the provider: {block_reason}" + (f" ({message})" if message else "")


def stopped(reason: str | None, message: str, ratings: Any) -> str:
    """Why an answer was cut off, in Google's words."""
    about = [*categories(ratings), *([message] if message else [])]
    return f"Stopped by the provider: {reason or 'blocked'}" + (f" ({'; '.join(about)})" if about else "")


def categories(ratings: Any) -> Iterator[str]:
    """What blocked it, of the ratings that come with every candidate."""
    for rating in objects(ratings):
        if rating.get("blocked") is True and (name := string(rating.get("category"))):
            yield name
