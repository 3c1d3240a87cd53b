"""OpenAI's refusals and failures: HTTP answers, `error` events and failed responses tell them in the same words."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inference.chat import fault as meanings
from inference.chat.fault import Fault, Meaning, by_status
from inference.dialects.wire import mapping, string

# The code says most; where there is none, the type. Sources: OpenAI's error guide, `openai` types/responses,
# and the codes OpenAI's own Codex client acts on.
BY_CODE: dict[str, Meaning] = {
    "invalid_api_key":                       meanings.KEY_REFUSED,
    "invalid_organization":                  meanings.KEY_REFUSED,
    "mismatched_organization":               meanings.KEY_REFUSED,
    "mismatched_project":                    meanings.KEY_REFUSED,
    "account_deactivated":                   meanings.KEY_REFUSED,
    "insufficient_quota":                    meanings.QUOTA_EXHAUSTED,
    "billing_hard_limit_reached":            meanings.QUOTA_EXHAUSTED,
    "billing_not_active":                    meanings.QUOTA_EXHAUSTED,
    "usage_limit_reached":                   meanings.QUOTA_EXHAUSTED,
    "usage_not_included":                    meanings.QUOTA_EXHAUSTED,
    "unsupported_country_region_territory":  meanings.NOT_AVAILABLE,
    "data_residency_mismatch":               meanings.NOT_AVAILABLE,
    "rate_limit_exceeded":                   meanings.RATE_LIMITED,
    "server_is_overloaded":                  meanings.OVERLOADED,
    "slow_down":                             meanings.OVERLOADED,
    "server_error":                          meanings.UPSTREAM_ERROR,
    "internal_error":                        meanings.UPSTREAM_ERROR,
    "vector_store_timeout":                  meanings.UPSTREAM_TIMEOUT,
    "context_length_exceeded":               meanings.TOO_LONG,
    "content_filter":                        meanings.FILTERED,
    "content_policy_violation":              meanings.FILTERED,
    "image_content_policy_violation":        meanings.FILTERED,
    "bio_policy":                            meanings.FILTERED,
    "cyber_policy":                          meanings.FILTERED,
    "misalignment_policy_violation":         meanings.FILTERED,
}  # fmt: skip
BY_TYPE: dict[str, Meaning] = {
    "insufficient_quota":    meanings.QUOTA_EXHAUSTED,
    "tokens":                meanings.RATE_LIMITED,
    "requests":              meanings.RATE_LIMITED,
    "rate_limit_error":      meanings.RATE_LIMITED,
    "server_error":          meanings.UPSTREAM_ERROR,
    "authentication_error":  meanings.KEY_REFUSED,
    "invalid_request_error": meanings.BAD_REQUEST,
}  # fmt: skip
# In a stream there is no status to fall back on: these codes are about the request, any other unknown one is a failure.
ABOUT_THE_REQUEST = re.compile(
    "invalid_|unsupported_|missing_|string_above_|image_|empty_image|failed_to_download_image"
)
# 401, 402 and 403 are about our key, whatever the code; 5xx never blame the caller.
RULED_BY_STATUS = (401, 402, 403)
GONE = ("model_not_found", "deprecated_model")

# This API's field → the caller's. The first that fits.
PARAMS = {
    "input": "messages",
    "text.verbosity": "verbosity",
    "text": "response_format",
    "max_output_tokens": "max_completion_tokens",
    "reasoning": "reasoning_effort",
}
TRY_AGAIN = re.compile(r"try again in (\d+(?:\.\d+)?)\s*(ms|s)\b", re.IGNORECASE)


def fault(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """What an answer that is not 2xx means. `headers` have lower-case names."""
    error = error_object(body)
    text = string(error.get("message")) or body[:500].decode("utf-8", "replace")
    understood = told(error, meaning_of(status, error), text)
    return replace(understood, upstream_status=status, retry_after=waiting_time(headers) or understood.retry_after)


def said_in_stream(said: Mapping[str, Any]) -> Fault:
    """An `error` event, with its error inside or laid flat; a failed response."""
    error = mapping(said.get("error")) or {name: said.get(name) for name in ("code", "message", "param")}
    return told(error, meaning_in_stream(error), string(error.get("message")) or "")


def told(error: Mapping[str, Any], meaning: Meaning, text: str) -> Fault:
    return Fault(
        meaning,
        said=text,
        param=callers_param(string(error.get("param"))),
        provider_code=string(error.get("code")),
        retry_after=promised_time(text),
        raw=dict(error),
    )


def meaning_of(status: int, error: Mapping[str, Any]) -> Meaning:
    code, kind = string(error.get("code")) or "", string(error.get("type")) or ""
    named = BY_CODE.get(code) or BY_TYPE.get(kind)
    if code in GONE:
        return meanings.NO_SUCH_MODEL if status == 404 else replace(meanings.BAD_REQUEST, alert=True)
    if status == 404 and error.get("param") not in (None, "model"):
        return meanings.BAD_REQUEST  # an item of the conversation is missing, not the model
    if status in RULED_BY_STATUS:
        return named if named in (meanings.NOT_AVAILABLE, meanings.QUOTA_EXHAUSTED) else by_status(status)
    if named is None or named is meanings.BAD_REQUEST or (status >= 500 and named.status < 500):
        return by_status(status)
    return named


def meaning_in_stream(error: Mapping[str, Any]) -> Meaning:
    code, kind = string(error.get("code")) or "", string(error.get("type")) or ""
    if ABOUT_THE_REQUEST.match(code) and code not in BY_CODE:
        return meanings.BAD_REQUEST
    return BY_CODE.get(code) or BY_TYPE.get(kind) or meanings.UPSTREAM_ERROR


def error_object(body: bytes) -> dict[str, Any]:
    """OpenAI's `{"error": {…}}`; servers that speak its language also put a text there, or the object at the top."""
    try:
        said = mapping(json.loads(body))
    except (ValueError, RecursionError):
        return {}
    error = said.get("error", said)
    return {"message": error} if isinstance(error, str) else mapping(error)


def callers_param(param: str | None) -> str | None:
    for theirs, ours in PARAMS.items():
        if param is not None and re.match(rf"{re.escape(theirs)}\b", param):
            return ours
    return param


def waiting_time(headers: Mapping[str, str]) -> float | None:
    """Seconds."""
    for name, per_second in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return float(headers[name]) / per_second
        except (KeyError, ValueError):
            continue
    return None


def promised_time(text: str) -> float | None:
    found = TRY_AGAIN.search(text)
    return float(found[1]) / (1000 if found[2].lower() == "ms" else 1) if found else None
