"""What is looked at before a large body is read: an account that will be refused costs nothing but the look.

Authentication brought what these need, a few seconds ago. Where that says no, the database is asked once more: an
account that was topped up a moment ago is not refused for what it had. Admission stays the exact gate.
"""

from collections.abc import Callable

from accounts.authentication import Caller, Standing, standing_now
from conway.common.database import DatabaseUnavailable
from conway.common.errors import ApiError, database_unavailable
from credits.ledger import AdmissionDenied
from inference.billing.quotes import MINIMUM_CENTS

LARGEST_UNCHECKED = 64 * 1024  # bytes; smaller bodies are refused in the documented order: 400, 404 and 503 before 402

Check = Callable[[Caller, Standing], Exception | None]


def credit(caller: Caller, standing: Standing) -> Exception | None:
    if standing.available_cents >= MINIMUM_CENTS:
        return None
    return AdmissionDenied(
        "insufficient_credits",
        available_cents=standing.available_cents,
        held_cents=standing.held_cents,
        needed_cents=MINIMUM_CENTS,
    )


def rate(caller: Caller, standing: Standing) -> Exception | None:
    if caller.requests_per_minute is None or standing.used_this_minute < caller.requests_per_minute:
        return None
    left = standing.seconds_left()
    if left <= 0:
        return None
    sentence = "This API key's requests per minute are used up."
    return ApiError(429, "rate_limit_exceeded", sentence, headers={"retry-after": str(max(1, round(left)))})


CHECKS: list[Check] = [rate, credit]  # in the order in which admission refuses


def refusal(caller: Caller, standing: Standing) -> Exception | None:
    return next((refused for check in CHECKS if (refused := check(caller, standing)) is not None), None)


async def check(caller: Caller) -> None:
    """Raises `AdmissionDenied`, and ApiError 429 or 503."""
    if caller.standing is not None and refusal(caller, caller.standing) is None:
        return
    try:
        standing = await standing_now(caller)
    except DatabaseUnavailable as error:
        raise database_unavailable() from error
    if (refused := refusal(caller, standing)) is not None:
        raise refused
