"""Setting credit aside for a completion; hold_rule.py says how much, and when not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int4, Int8

from conway.common import database
from credits import page_notifications
from credits.ledger.account_lock import turn
from credits.ledger.amounts import bound_cents
from credits.ledger.hold_rule import (
    ADMIT_SQL,
    ADMITTED_AT_LEAST_CENTS,
    FIRST_KEY_USE_SQL,
    LIMITS_SQL,
    RECOUNT_OF_KEY_SQL,
    RECOUNT_SQL,
    WHY_REFUSED_SQL,
    WOULD_ADMIT_SQL,
)

Reason = Literal[
    "key_revoked",
    "duplicate",
    "rate_limited",
    "concurrency_limited",
    "key_concurrency_limited",
    "insufficient_credits",
    "key_limit_reached",
    "cost_cap",
    "written_off",
    "unknown",
]
RECOUNTS: dict[Reason, str] = {"concurrency_limited": RECOUNT_SQL, "key_concurrency_limited": RECOUNT_OF_KEY_SQL}
TRIES = 3  # a first use of a limited key needs two; a refusal whose cause went away meanwhile may need another


@dataclass(frozen=True, slots=True)
class Admission:
    completion_id: str
    cents: int
    available_cents: int  # after this hold
    key_left_cents: int | None  # after this hold; None where the key has no limit
    key_window: datetime | None  # to be kept with the completion: a later correction needs it


@dataclass(frozen=True, slots=True)
class Outlook:
    """What admission would set aside at this moment."""

    cents: int
    available_cents: int  # before this hold
    held_cents: int  # for others


@dataclass(frozen=True, slots=True)
class Limits:
    """What limits a caller, and how far it is used. None: not limited."""

    concurrency: int
    running: int
    key_concurrency: int | None
    key_running: int
    requests_per_minute: int | None
    used_this_minute: int
    limit_cents: int | None
    limit_period: str | None
    key_left_cents: int | None


class AdmissionDenied(Exception):
    def __init__(
        self,
        reason: Reason,
        *,
        available_cents: int = 0,
        held_cents: int = 0,
        needed_cents: int = 0,
        key_left_cents: int | None = None,
        running: int = 0,
        concurrency: int = 0,
        written_off_cents: int = 0,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.available_cents = available_cents
        self.held_cents = held_cents
        self.needed_cents = needed_cents
        self.key_left_cents = key_left_cents
        self.running = running
        self.concurrency = concurrency
        self.written_off_cents = written_off_cents


async def admit(
    *,
    completion_id: str,
    user_id: int,
    key_id: int | None,
    need_cents: int,
    worst_cents: int,
    cap_cents: int | None = None,
    process: str,
    details: dict[str, Any],
    idempotent: bool = False,
) -> Admission:
    """Raises AdmissionDenied. With `idempotent`, a completion that is under way or was charged is denied as a
    duplicate.
    """
    params = {
        **_asked(user_id, key_id, need_cents, worst_cents, cap_cents),
        "completion_id": completion_id,
        "process": process,
        "details": Jsonb(details),
        "idempotent": idempotent,
        "charges": [f"inference:{completion_id}", f"inference:{completion_id}.corrected"],
    }
    async with turn(user_id):
        for _ in range(TRIES):
            if (row := await _held(params)) is not None:
                page_notifications.announce_soon(user_id)
                return Admission(completion_id, *row)
            is_uncounted, refused = await _why_refused(params)
            if is_uncounted:
                await database.execute(FIRST_KEY_USE_SQL, params)
            elif refused is not None and await _miscounted(refused.reason, params):
                continue
            elif refused is not None:
                raise refused
    raise AdmissionDenied("unknown", needed_cents=need_cents)


async def would_admit(
    *, user_id: int, key_id: int | None, need_cents: int, worst_cents: int, cap_cents: int | None = None
) -> Outlook:
    """What `admit` would answer now, asked without holding, counting or locking anything. Raises AdmissionDenied."""
    params = {
        **_asked(user_id, key_id, need_cents, worst_cents, cap_cents),
        "completion_id": None,
        "charges": [],
        "idempotent": False,
    }
    for _ in range(TRIES):
        if (row := await database.fetch_one(WOULD_ADMIT_SQL, params)) is not None:
            return Outlook(*row)
        _, refused = await _why_refused(params)
        if refused is not None:
            raise refused
    raise AdmissionDenied("unknown", needed_cents=need_cents)


async def limits(user_id: int, key_id: int | None) -> Limits | None:
    """None where the account or the key is no longer good."""
    row = await database.fetch_one(LIMITS_SQL, _who(user_id, key_id))
    return Limits(*row) if row else None


async def _miscounted(reason: Reason, params: dict[str, Any]) -> bool:
    """Whether too many were said to run, for the account or for the key; now they are counted."""
    recount = RECOUNTS.get(reason)
    return recount is not None and await database.execute(recount, params) > 0


def _who(user_id: int, key_id: int | None) -> dict[str, Any]:
    return {
        "user_id": Int8(user_id),
        "key_id": None if key_id is None else Int8(key_id),
        "concurrency": Int4(settings.CONWAY_ACCOUNT_CONCURRENCY),
    }


def _asked(
    user_id: int, key_id: int | None, need_cents: int, worst_cents: int, cap_cents: int | None
) -> dict[str, Any]:
    return {
        **_who(user_id, key_id),
        "need": Int8(bound_cents(need_cents)),
        "worst": Int8(bound_cents(worst_cents)),
        "cap": None if cap_cents is None else Int8(bound_cents(cap_cents)),
        "most_written_off": Int8(settings.CONWAY_MOST_WRITE_OFF_CENTS),
    }


async def _held(params: dict[str, Any]) -> tuple[Any, ...] | None:
    try:
        return await database.fetch_one(ADMIT_SQL, params)
    except UniqueViolation as error:
        raise AdmissionDenied("duplicate", needed_cents=params["need"]) from error


async def _why_refused(params: dict[str, Any]) -> tuple[bool, AdmissionDenied | None]:
    """Whether a limited key's use has to be counted from now on; and None where what stood in the way is gone."""
    row = await database.fetch_one(WHY_REFUSED_SQL, params)
    assert row is not None
    (
        balance,
        held,
        nobody,
        is_uncounted,
        key_left,
        too_many,
        running,
        most,
        key_running,
        key_most,
        known,
        written_off,
    ) = row
    available, need, cap = balance - held, params["need"], params["cap"]
    reasons: dict[Reason, bool] = {
        "key_revoked": nobody,
        "duplicate": params["idempotent"] and known,
        "rate_limited": too_many,
        "key_concurrency_limited": key_most is not None and key_running >= key_most,
        "concurrency_limited": most is not None and running >= most,
        "insufficient_credits": available < max(ADMITTED_AT_LEAST_CENTS, need),
        "key_limit_reached": key_left is not None and key_left < need,
        "cost_cap": cap is not None and cap < need,
        "written_off": written_off > params["most_written_off"],
    }
    facts = {
        "available_cents": available,
        "held_cents": held,
        "needed_cents": int(need),
        "key_left_cents": key_left,
        "written_off_cents": written_off,
    }
    reason = next((reason for reason, holds in reasons.items() if holds), None)
    if reason is None:
        return is_uncounted, None
    of_key = reason == "key_concurrency_limited"
    counts = {"running": key_running if of_key else running, "concurrency": (key_most if of_key else most) or 0}
    return is_uncounted, AdmissionDenied(reason, **facts, **counts)
