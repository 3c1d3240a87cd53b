"""What a failure means (docs/providers/): OpenAI, Moonshot, Qwen, and the hosts that answer like them."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from inference.chat.provider_error import (
    BAD_REQUEST,
    CONFLICT,
    FILTERED,
    KEY_REFUSED,
    NO_SUCH_MODEL,
    NOT_AVAILABLE,
    OVERLOADED,
    QUOTA_EXHAUSTED,
    RATE_LIMITED,
    TOO_LONG,
    UPSTREAM_ERROR,
    UPSTREAM_TIMEOUT,
    ErrorKind,
    ProviderError,
    by_status,
)
from inference.dialects.untrusted_json import number, string

Body = dict[str, Any]

# An error's `code` or, failing that, its `type`, in lower case. The status decides where neither is listed.
KINDS: dict[str, ErrorKind] = {
    # OpenAI
    "context_length_exceeded": TOO_LONG,
    "insufficient_quota": QUOTA_EXHAUSTED,
    "billing_hard_limit_reached": QUOTA_EXHAUSTED,
    "billing_not_active": QUOTA_EXHAUSTED,
    "invalid_api_key": KEY_REFUSED,
    "account_deactivated": KEY_REFUSED,
    "model_not_found": NO_SUCH_MODEL,
    "rate_limit_exceeded": RATE_LIMITED,
    "unsupported_country_region_territory": NOT_AVAILABLE,
    "content_policy_violation": FILTERED,
    "content_filter": FILTERED,  # Moonshot and Azure say so, too
    "invalid_organization": KEY_REFUSED,
    "mismatched_organization": KEY_REFUSED,
    "mismatched_project": KEY_REFUSED,
    # OpenAI's Responses API (`openai` types/responses/response_error.py, and what OpenAI's Codex client acts on)
    "usage_limit_reached": QUOTA_EXHAUSTED,
    "usage_not_included": QUOTA_EXHAUSTED,
    "data_residency_mismatch": NOT_AVAILABLE,
    "server_is_overloaded": OVERLOADED,
    "slow_down": OVERLOADED,
    "vector_store_timeout": UPSTREAM_TIMEOUT,
    "image_content_policy_violation": FILTERED,
    "bio_policy": FILTERED,
    "cyber_policy": FILTERED,
    "misalignment_policy_violation": FILTERED,
    # Moonshot
    "exceeded_current_quota_error": QUOTA_EXHAUSTED,
    "engine_overloaded_error": OVERLOADED,
    "rate_limit_reached_error": RATE_LIMITED,
    "invalid_authentication_error": KEY_REFUSED,
    "incorrect_api_key_error": KEY_REFUSED,
    "permission_denied_error": KEY_REFUSED,
    "resource_not_found_error": NO_SUCH_MODEL,
    # Qwen
    "arrearage": QUOTA_EXHAUSTED,
    "data_inspection_failed": FILTERED,
    "datainspectionfailed": FILTERED,
    "invalidapikey": KEY_REFUSED,
    "modelnotfound": NO_SUCH_MODEL,
    "model_not_supported": NO_SUCH_MODEL,
    "throttling": RATE_LIMITED,
    "throttling.ratequota": RATE_LIMITED,
    "throttling.burstrate": RATE_LIMITED,
    "throttling.allocationquota": RATE_LIMITED,
    "limit_requests": RATE_LIMITED,
    "limit_burst_rate": RATE_LIMITED,
}
# In the middle of a stream there is no status to ask; OpenAI's 401 has the type of its 400.
IN_STREAM: dict[str, ErrorKind] = {
    "invalid_request_error": BAD_REQUEST,
    "invalid_parameter_error": BAD_REQUEST,
    "server_error": UPSTREAM_ERROR,
    "service_unavailable": OVERLOADED,
    "overloaded_error": OVERLOADED,
    "timeout": UPSTREAM_TIMEOUT,
    "request_timeout": UPSTREAM_TIMEOUT,
    "conflict_error": CONFLICT,
    "tokens": RATE_LIMITED,
    "requests": RATE_LIMITED,
}
# What only the words of a 400 or 403 tell.
WORDS: tuple[tuple[re.Pattern[str], ErrorKind], ...] = (
    (re.compile("maximum context length|context window|model token limit|range of input length", re.I), TOO_LONG),
    (re.compile("insufficient balance|overdue|good standing|arrearage", re.I), QUOTA_EXHAUSTED),
    (re.compile("considered high risk|inappropriate content", re.I), FILTERED),
)
SAID_TO_WAIT = re.compile(r"try again (?:in|after) (?:(\d{1,3})m)?(\d{1,6}(?:\.\d{1,6})?) ?(ms|s)", re.I)
DECIMAL = re.compile(r"\d{1,6}(?:\.\d{1,6})?")
SCALES = {"ms": 0.001, "s": 1.0}


def fault(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """An answer that is not 2xx: JSON, JSON in an SSE frame (Qwen), or an edge's HTML."""
    text = body.decode("utf-8", "replace")
    found = read(text)
    error = error_of(found) or {}
    meaning = listed(error) or worded(status, error) or by_status(status)
    failed = made(meaning, error, found or text[:500])
    failed.upstream_status = status
    failed.retry_after = wait(headers, failed.said) if meaning.status in (429, 503) else None
    return failed


def in_reply(body: Body) -> ProviderError | None:
    """A failure in the clothes of a reply: status 200 and an error inside."""
    if body.get("choices") and not body.get("error"):
        return None
    if (error := error_of(body)) is None:
        return None
    meaning = listed(error) or listed(error, IN_STREAM) or worded(400, error) or coded(error) or UPSTREAM_ERROR
    return made(meaning, error, body)


def refuse(chunk: Body, event_name: str) -> None:
    """Raises the `ProviderError` that an event of a stream reports, if it does."""
    failed = in_reply(chunk) or (in_reply({"error": chunk}) if event_name == "error" else None)
    if failed is not None:
        raise failed


def made(meaning: ErrorKind, error: Body, raw: Any) -> ProviderError:
    said = string(error.get("message")) or string(error.get("msg")) or string(error.get("detail")) or ""
    return ProviderError(
        meaning, said=said, param=string(error.get("param")), provider_code=string(error.get("code")), raw=raw
    )


# Reading ----------------------------------------------------------------------------------------


def read(text: str) -> Any:
    framed = "\n".join(line[5:].strip() for line in text.splitlines() if line.startswith("data:"))
    for candidate in (text, framed):
        try:
            return from_json(candidate)
        except ValueError:
            continue
    return None


def error_of(body: Any) -> Body | None:
    """The error object, wherever it stands: under `error`, alone, as a text, in a list."""
    if isinstance(body, list):
        return error_of(body[0]) if body else None
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    if isinstance(error, dict) and error:
        return error
    if isinstance(error, str) and error:
        return {**body, "message": error}
    is_bare = "message" in body or "detail" in body
    return body if is_bare and not body.get("choices") else None


def listed(error: Body, table: Mapping[str, ErrorKind] = KINDS) -> ErrorKind | None:
    words = [word.lower() for name in ("code", "type") if (word := string(error.get(name)))]
    return next((table[word] for word in words if word in table), None)


def worded(status: int, error: Body) -> ErrorKind | None:
    if status not in (400, 403, 422):
        return None
    message = string(error.get("message")) or ""
    return next((meaning for pattern, meaning in WORDS if pattern.search(message)), None)


def coded(error: Body) -> ErrorKind | None:
    """OpenRouter gives the status as the code."""
    status = number(error.get("code"))
    return by_status(status) if status is not None and 400 <= status < 600 else None


def wait(headers: Mapping[str, str], said: str) -> float | None:
    """Seconds, from the headers or from OpenAI's sentence. A date is left alone: we have no clock here."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if DECIMAL.fullmatch(given := headers.get(name, "").strip()):
            return float(given) * scale
    if told := SAID_TO_WAIT.search(said):
        return int(told[1] or 0) * 60 + float(told[2]) * SCALES[told[3].lower()]
    return None
