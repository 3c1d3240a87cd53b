"""What a failure means (docs/providers/): OpenAI, Moonshot, Qwen, and the hosts that answer like them."""

import re
from collections.abc import Mapping
from typing import Any

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
from inference.dialects import failures
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
    (
        re.compile(rf"{failures.BEFORE_QUOTES}(?:insufficient balance|overdue|good standing|arrearage)", re.I),
        QUOTA_EXHAUSTED,
    ),
    (failures.FILTERED, FILTERED),
    (failures.NO_MODEL, NO_SUCH_MODEL),
)


def fault(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """An answer that is not 2xx: JSON, JSON in an SSE frame (Qwen), or an edge's HTML."""
    found = failures.read(body)
    error = failures.error_of(found)
    meaning = listed(error) or worded(status, error) or by_status(status)
    failed = made(meaning, error, found or body[:500].decode("utf-8", "replace"))
    failed.upstream_status = status
    failed.upstream_id = failures.request_id(found)
    failed.retry_after = failures.wait(headers, failed.said) if meaning.status in (429, 503) else None
    return failed


def in_reply(body: Body) -> ProviderError | None:
    """A failure in the clothes of a reply: status 200 and an error inside."""
    if body.get("choices") and not body.get("error"):
        return None
    if not (error := failures.error_of(body)):
        return None
    meaning = listed(error) or worded(400, error) or listed(error, IN_STREAM) or coded(error) or UPSTREAM_ERROR
    return made(meaning, error, body)


def refuse(chunk: Body, event_name: str) -> None:
    """Raises the `ProviderError` that an event of a stream reports, if it does."""
    failed = in_reply(chunk) or (in_reply({"error": chunk}) if event_name == "error" else None)
    if failed is not None:
        raise failed


def made(meaning: ErrorKind, error: Body, raw: Any) -> ProviderError:
    return ProviderError(
        meaning,
        said=failures.sentence(error),
        param=string(error.get("param")),
        provider_code=string(error.get("code")),
        raw=raw,
    )


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
