"""What Google's failures mean (docs/providers/gemini.md). A status has a name, and details may say more than it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from inference.chat import provider_error as meanings
from inference.chat.provider_error import ErrorKind, ProviderError, by_status
from inference.dialects import failures
from inference.dialects.untrusted_json import number, objects, string

# https://cloud.google.com/apis/design/errors, https://ai.google.dev/gemini-api/docs/troubleshooting
BY_NAME: dict[str, ErrorKind] = {
    "INVALID_ARGUMENT":    meanings.BAD_REQUEST,
    "OUT_OF_RANGE":        meanings.BAD_REQUEST,
    "FAILED_PRECONDITION": meanings.NOT_AVAILABLE,
    "UNAUTHENTICATED":     meanings.KEY_REFUSED,
    "PERMISSION_DENIED":   meanings.KEY_REFUSED,
    "NOT_FOUND":           meanings.NO_SUCH_MODEL,
    "ABORTED":             meanings.CONFLICT,
    "RESOURCE_EXHAUSTED":  meanings.RATE_LIMITED,
    "CANCELLED":           replace(meanings.UPSTREAM_ERROR, retries=0),
    "INTERNAL":            replace(meanings.UPSTREAM_ERROR, retries=1),  # a prompt that is too long may end so, too
    "UNKNOWN":             replace(meanings.UPSTREAM_ERROR, retries=1),
    "UNIMPLEMENTED":       replace(meanings.UPSTREAM_ERROR, retries=0),
    "UNAVAILABLE":         meanings.OVERLOADED,
    "DEADLINE_EXCEEDED":   meanings.UPSTREAM_TIMEOUT,
}  # fmt: skip
# Where a body names no status.
BY_CODE: dict[int, ErrorKind] = {
    400: meanings.BAD_REQUEST,
    402: meanings.QUOTA_EXHAUSTED,
    499: BY_NAME["CANCELLED"],
    500: BY_NAME["INTERNAL"],
    501: BY_NAME["UNIMPLEMENTED"],
}
# What a bad request or an exhausted resource is about, in Google's words.
BY_WORDS: dict[ErrorKind, tuple[tuple[re.Pattern[str], ErrorKind], ...]] = {
    meanings.BAD_REQUEST: (
        (re.compile(r"API[_ ]key (?:not valid|expired|not found)", re.I), meanings.KEY_REFUSED),
        (re.compile(r"input token count.*exceeds|exceeds the maximum number of tokens", re.I), meanings.TOO_LONG),
        (re.compile(r"payload size exceeds", re.I), meanings.TOO_LARGE),
        (re.compile(r"location is not supported|enable billing", re.I), meanings.NOT_AVAILABLE),
        (failures.FILTERED, meanings.FILTERED),
        (failures.NO_MODEL, meanings.NO_SUCH_MODEL),
    ),
    meanings.NOT_AVAILABLE: ((failures.NO_MODEL, meanings.NO_SUCH_MODEL),),
    meanings.RATE_LIMITED: (
        (re.compile(r"per day|daily|credits|spend(?:ing)? cap|limit: 0\b", re.I), meanings.QUOTA_EXHAUSTED),
    ),
}  # fmt: skip
KEY_REASONS = re.compile(r"API_KEY_|CONSUMER_|ACCESS_TOKEN_|SERVICE_DISABLED|BILLING_DISABLED")
DAILY = re.compile(r"per_?day", re.I)
DELAY = re.compile(r"(\d+(?:\.\d+)?)s")

# Google's names for what is wrong → the caller's field. The first that fits.
PARAMS = (
    (re.compile(r"function_?declarations|\btools?\b", re.I), "tools"),
    (re.compile(r"function_?calling_?config|allowed_?function_?names", re.I), "tool_choice"),
    (re.compile(r"response_?(?:json_?)?schema|response_?mime_?type|JSON mode", re.I), "response_format"),
    (re.compile(r"thinking", re.I), "reasoning_effort"),
    (re.compile(r"max_?output_?tokens", re.I), "max_completion_tokens"),
    (re.compile(r"stop_?sequences", re.I), "stop"),
    (re.compile(r"temperature", re.I), "temperature"),
    (re.compile(r"top_?p\b", re.I), "top_p"),
    (re.compile(r"top_?k\b", re.I), "top_k"),
    (re.compile(r"contents|system_?instruction|inline_?data|token count|signature", re.I), "messages"),
)


def fault(status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """What an answer that is not 2xx means. `headers` have lower-case names."""
    answer = failures.read(body)
    found = understood(failures.error_of(answer), BY_CODE.get(status) or by_status(status), status)
    found.upstream_status = status
    found.upstream_id = failures.request_id(answer)
    found.retry_after = found.retry_after if found.retry_after is not None else failures.wait(headers)
    return found


def fault_in_reply(body: Any) -> ProviderError:
    """An error in the middle of a stream, or in an answer of status 200."""
    error = failures.error_of(body)
    code = number(error.get("code"))
    return understood(error, BY_CODE.get(code or 0) or (by_status(code) if code else meanings.UPSTREAM_ERROR), code)


def understood(error: Mapping[str, Any], otherwise: ErrorKind, status: int | None) -> ProviderError:
    sentence = failures.sentence(error)
    details = objects(error.get("details"))
    meaning = BY_NAME.get(string(error.get("status")) or "", otherwise)
    if status == 402:
        meaning = meanings.QUOTA_EXHAUSTED  # prepaid credit, under the name of a rate limit
    meaning = detailed(meaning, sentence, details)
    return ProviderError(
        meaning,
        sentence,
        param=param(sentence, details) if meaning.relays else None,
        retry_after=next(delays(details), None),
        raw=dict(error) or None,
    )


def detailed(meaning: ErrorKind, sentence: str, details: list[dict[str, Any]]) -> ErrorKind:
    if meaning is meanings.BAD_REQUEST and any(KEY_REASONS.match(string(d.get("reason")) or "") for d in details):
        return meanings.KEY_REFUSED
    if meaning is meanings.RATE_LIMITED and any(DAILY.search(quota) for quota in quotas(details)):
        return meanings.QUOTA_EXHAUSTED
    return next((meant for words, meant in BY_WORDS.get(meaning, ()) if words.search(sentence)), meaning)


def quotas(details: list[dict[str, Any]]) -> Iterator[str]:
    for detail in details:
        for violation in objects(detail.get("violations")):
            yield string(violation.get("quotaId")) or ""


def delays(details: list[dict[str, Any]]) -> Iterator[float]:
    """Of `RetryInfo`, in seconds: "37s" is 37."""
    for detail in details:
        if found := DELAY.fullmatch(string(detail.get("retryDelay")) or ""):
            yield float(found[1])


def param(sentence: str, details: list[dict[str, Any]]) -> str | None:
    fields = [string(violation.get("field")) or "" for d in details for violation in objects(d.get("fieldViolations"))]
    text = " ".join([*fields, sentence])
    return next((ours for theirs, ours in PARAMS if theirs.search(text)), None)
