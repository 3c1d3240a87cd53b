"""Every failure of a completion, as the caller sees it.

ApiError              already in the documented shape (conway/common/errors.py)
InvalidRequest        a request we do not send on: 400
AdmissionDenied       no credit, no room under a limit: 402, 429, 409
ProviderError         the provider failed (chat/provider_error.py)
DatabaseUnavailable   503, it heals
"""

import logging
from collections.abc import Callable
from decimal import Decimal

from django.conf import settings

from conway.common.database import DatabaseUnavailable
from conway.common.errors import ApiError, database_unavailable
from credits.ledger import AdmissionDenied
from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_error import ProviderError

NO_RETRY = {"x-should-retry": "false"}


log = logging.getLogger(__name__)


def answer_to(error: Exception, here: str = "") -> ApiError:
    """`here`: this site's address as the caller knows it, for where none is set."""
    match error:
        case ApiError():
            return error
        case InvalidRequest():
            return ApiError(error.status, error.code, error.message, param=error.param)
        case AdmissionDenied():
            return REFUSALS.get(error.reason, unknown)(error, settings.CONWAY_URL or here)
        case ProviderError():
            return failed(error)
        case DatabaseUnavailable():
            return database_unavailable()
    log.error("unexpected failure", exc_info=error)
    return ApiError(500, headers=NO_RETRY)


def failed(fault: ProviderError) -> ApiError:
    meaning = fault.meaning
    wait = fault.retry_after if fault.retry_after is not None else meaning.retry_after
    headers = {} if wait is None or not meaning.may_heal else {"retry-after": str(max(1, round(wait)))}
    return ApiError(
        meaning.status,
        fault.code,
        fault.message,
        type=meaning.type,
        param=fault.param,
        headers=headers if meaning.may_heal else NO_RETRY,
    )


def how_to_get_credits(here: str) -> str:
    if here:
        return f"Add credits at {here}/."
    return "The Overview page of this site says how to get credits."


def insufficient(refused: AdmissionDenied, here: str) -> ApiError:
    """The message stands alone: most clients show nothing else."""
    balance, needed = refused.available_cents + refused.held_cents, max(refused.needed_cents, 10)
    facts = (
        f"Minimum balance of 10 cents required. Current balance: {balance} cents. "
        f"Available: {refused.available_cents} cents ({refused.held_cents} held for running requests); "
        f"this request needs {needed} cents. {how_to_get_credits(here)}"
    )
    return ApiError(
        402,
        "insufficient_credits",
        f"Insufficient credits. {facts}",
        detail=facts,
        extra={
            "available_cents": refused.available_cents,
            "held_cents": refused.held_cents,
            "needed_cents": needed,
        },
    )


def key_limit(refused: AdmissionDenied, here: str) -> ApiError:
    where = f" at {here}/keys" if here else ""
    remedy = f"Raise the key's limit{where}, use another key, or ask for fewer output tokens."
    left = refused.key_left_cents or 0
    return ApiError(
        402,
        "key_limit_reached",
        f"This API key's spending limit leaves {left} cents; the request needs {refused.needed_cents}. {remedy}",
        type="insufficient_quota",
        detail=remedy,
        extra={"key_left_cents": left, "needed_cents": refused.needed_cents},
    )


def cost_cap(refused: AdmissionDenied, here: str) -> ApiError:
    return ApiError(
        402,
        "cost_cap_too_low",
        f"x-conway-max-cost-cents is below what this request needs at least: {refused.needed_cents} cents.",
        type="insufficient_quota",
        param="x-conway-max-cost-cents",
        extra={"needed_cents": refused.needed_cents},
    )


def written_off(refused: AdmissionDenied, here: str) -> ApiError:
    more = f"${Decimal(refused.written_off_cents) / 100:.2f}"
    remedy = f"Top up, or ask our staff to look at it and let the account go on. {how_to_get_credits(here)}"
    return ApiError(
        402,
        "account_stopped",
        f"Requests of this account have cost {more} more than its credit held, so no further one is taken. {remedy}",
        type="insufficient_quota",
        detail=remedy,
        headers=NO_RETRY,
        extra={"written_off_cents": refused.written_off_cents},
    )


def rate_limited(refused: AdmissionDenied, here: str) -> ApiError:
    return ApiError(
        429, "rate_limit_exceeded", "This API key's requests per minute are used up.", headers={"retry-after": "60"}
    )


def concurrency_limited(refused: AdmissionDenied, here: str) -> ApiError:
    whose = "API key" if refused.reason == "key_concurrency_limited" else "account"
    return ApiError(
        429,
        "concurrency_limited",
        f"This {whose} has {refused.running} of at most {refused.concurrency} requests running. "
        "Wait until one has ended; one whose client left counts until the provider is done.",
        detail="GET /v1/limits shows the limit and what is running. Ask our staff for a higher limit of the account.",
        headers={"retry-after": "1"},
        extra={"concurrency": refused.concurrency, "running": refused.running},
    )


def key_revoked(refused: AdmissionDenied, here: str) -> ApiError:
    return ApiError(401, message="This API key has been revoked or paused, or has expired.")


def duplicate(refused: AdmissionDenied, here: str) -> ApiError:
    return ApiError(
        409,
        "idempotency_key_used",
        "A request with this Idempotency-Key was already accepted; it is not sent, or charged, again. "
        "Replies are not stored.",
        headers=NO_RETRY,
    )


def unknown(refused: AdmissionDenied, here: str) -> ApiError:
    return ApiError(
        503, "admission_unavailable", "The request could not be admitted; try again.", headers={"retry-after": "1"}
    )


REFUSALS: dict[str, Callable[[AdmissionDenied, str], ApiError]] = {
    "insufficient_credits": insufficient,
    "key_limit_reached": key_limit,
    "cost_cap": cost_cap,
    "written_off": written_off,
    "rate_limited": rate_limited,
    "concurrency_limited": concurrency_limited,
    "key_concurrency_limited": concurrency_limited,
    "key_revoked": key_revoked,
    "duplicate": duplicate,
}
