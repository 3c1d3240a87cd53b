"""What a provider's failure means for the caller (docs/providers/)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """A row of a dialect's table of failures.

    `retries`: how often the gateway may try again by itself, before the first byte only. `may_heal` false tells SDKs
    not to retry. `alert`: staff must act (our key, our credit, a model that is gone). `relays`: the provider's own
    words are for the caller. `second_try`: an answer that is none, which another try mostly mends.
    """

    status: int
    code: str
    type: str = "server_error"
    retries: int = 0
    alert: bool = False
    may_heal: bool = True
    relays: bool = False
    retry_after: float | None = None
    second_try: bool = False


BAD_REQUEST = ErrorKind(400, "invalid_request", "invalid_request_error", relays=True)
FILTERED = ErrorKind(400, "content_filter", "invalid_request_error", relays=True)
TOO_LONG = ErrorKind(400, "context_length_exceeded", "invalid_request_error", relays=True)
TOO_LARGE = ErrorKind(413, "request_too_large", "invalid_request_error")
NO_SUCH_MODEL = ErrorKind(404, "model_not_found", "invalid_request_error", alert=True)
KEY_REFUSED = ErrorKind(503, "provider_auth_failed", alert=True, may_heal=False)
QUOTA_EXHAUSTED = ErrorKind(503, "provider_quota_exhausted", alert=True, may_heal=False)
NOT_AVAILABLE = ErrorKind(503, "provider_unavailable", alert=True, may_heal=False)
RATE_LIMITED = ErrorKind(429, "rate_limit_exceeded", "rate_limit_error", retries=2)
OVERLOADED = ErrorKind(503, "overloaded", retries=2, retry_after=5)
UPSTREAM_ERROR = ErrorKind(502, "upstream_error", retries=2)
UPSTREAM_TIMEOUT = ErrorKind(504, "upstream_timeout", retries=2)
FIRST_BYTE_TIMEOUT = ErrorKind(504, "upstream_timeout")  # no retry: the provider may have generated, and billed
UNREACHABLE = ErrorKind(503, "upstream_unreachable", retries=2)
BUSY = ErrorKind(503, "provider_busy", retry_after=2)
SHARE_IN_USE = ErrorKind(429, "concurrency_limited", "rate_limit_error", retry_after=2)
BAD_RESPONSE = ErrorKind(502, "bad_upstream_response")
TRUNCATED = ErrorKind(502, "upstream_truncated")
CONFLICT = ErrorKind(503, "upstream_conflict", retries=1)

WORDS = {
    "request_too_large": "The request is larger than the provider takes.",
    "model_not_found": "The provider no longer serves this model.",
    "provider_auth_failed": "The provider refused our credentials. Our staff know; try another model.",
    "provider_quota_exhausted": "Our quota at this provider is used up. Our staff know; try another model.",
    "provider_unavailable": "The provider does not serve us at the moment. Our staff know; try another model.",
    "rate_limit_exceeded": "The provider's rate limit is reached. Try again shortly.",
    "overloaded": "The provider is overloaded.",
    "upstream_error": "The provider failed to answer.",
    "upstream_timeout": "The provider did not answer in time.",
    "upstream_unreachable": "The provider could not be reached.",
    "upstream_conflict": "The provider reported a conflict. Try again.",
    "provider_busy": "All connections to this provider are in use. Try again shortly.",
    "concurrency_limited": "Connections to this provider are short, and your running requests use your share of them. "
    "Wait until one has ended; one whose client left counts until the provider is done.",
    "bad_upstream_response": "The provider's answer could not be understood.",
    "upstream_truncated": "The provider broke off before the end of its answer.",
}

# What a status means where the body says nothing more: HTML from an edge, an empty body.
BY_STATUS = {
    400: BAD_REQUEST, 401: KEY_REFUSED, 402: QUOTA_EXHAUSTED, 403: KEY_REFUSED, 404: NO_SUCH_MODEL,
    405: NOT_AVAILABLE, 407: NOT_AVAILABLE, 408: UPSTREAM_TIMEOUT, 409: CONFLICT, 410: NO_SUCH_MODEL, 413: TOO_LARGE,
    421: NOT_AVAILABLE, 422: BAD_REQUEST, 426: NOT_AVAILABLE, 429: RATE_LIMITED, 451: NOT_AVAILABLE,
    500: UPSTREAM_ERROR, 502: UPSTREAM_ERROR, 503: OVERLOADED, 504: UPSTREAM_TIMEOUT, 529: OVERLOADED,
}  # fmt: skip


def by_status(status: int) -> ErrorKind:
    """A redirect leads away from the address we were given; like a proxy's 407 or an edge's 405 it is ours to mend."""
    if 300 <= status < 400:
        return NOT_AVAILABLE
    return BY_STATUS.get(status) or (BAD_REQUEST if 400 <= status < 500 else UPSTREAM_ERROR)


# Account ids, organisation names and key fragments are ours, not the caller's. Ids hold a digit, a capital or a star;
# without that rule, the caller's own `user_lookup` or `skeleton` would vanish from the sentence that explains it.
REDACTIONS = (
    (re.compile(r"\b(?:sk|pk|rk)-[-_A-Za-z0-9*]{6,}"), "[key]"),
    (re.compile(r"\bAIza[-_A-Za-z0-9]{6,}|(?<=key provided: )[^\s.]+"), "[key]"),
    (re.compile(r"\b(?:org|proj|user|acct|project|ak)[-_](?=[a-z]*[A-Z0-9*])[A-Za-z0-9*]{6,}"), "[account]"),
    (re.compile(r"\b(organization|workspace|account) [`'\"]?[\w*-]*[-\d*][\w*-]*[`'\"]?"), r"\1 [account]"),
    (re.compile(r"\bprojects/[\w-]+"), "projects/[account]"),
)


@dataclass(slots=True)
class ProviderError(Exception):
    """A provider's failure, understood. `said` is the provider's own text: for the log, and for the caller where it
    may be relayed.

    `retry_after` is in seconds. Raised before the first byte or in the middle of a stream alike.
    """

    meaning: ErrorKind
    said: str = ""
    param: str | None = None
    provider_code: str | None = None
    retry_after: float | None = None
    upstream_status: int | None = None
    upstream_id: str | None = None
    facts: Any = field(default=None, repr=False)  # what a whole answer that is none said of itself (chat/reply.py)
    advice: str = ""  # a sentence of ours behind the provider's
    raw: Any = field(default=None, repr=False)

    @property
    def message(self) -> str:
        return f"{self.sentence} {self.advice}".rstrip()

    @property
    def sentence(self) -> str:
        if self.meaning.relays and self.said:
            return redacted(self.said)
        return WORDS.get(self.meaning.code) or redacted(self.said) or "The provider refused the request."

    @property
    def code(self) -> str:
        relayed = self.provider_code if self.meaning.code == BAD_REQUEST.code else None
        return relayed or self.meaning.code

    def meaning_is(self, **changes: Any) -> "ProviderError":
        return replace(self, meaning=replace(self.meaning, **changes))


def without_frames(error: ProviderError) -> ProviderError:
    """The same, without the frames that it and its causes came through. They hold the request, which holds the error:
    a circle that would keep up to 32 MB until the collector comes.
    """
    cause: BaseException | None = error
    while cause is not None:
        cause.__traceback__ = None
        cause = cause.__cause__ or cause.__context__
    return error


@contextmanager
def keeping(facts: Any) -> Iterator[None]:
    """A failure inside keeps what the answer has told so far: it may have been billed."""
    try:
        yield
    except ProviderError as fault:
        fault.facts = facts
        raise


def redacted(text: str) -> str:
    text = text[:4000]
    for pattern, instead in REDACTIONS:
        text = pattern.sub(instead, text)
    return text[:2000]
