"""Setting credit aside for a completion; hold_rule.py says how much, and when not."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from psycopg.errors import UniqueViolation

from conway.common import database
from conway.common.database import Row
from credits import page_notifications
from credits.ledger.amounts import bound_cents
from credits.ledger.batches import Statement, ask
from credits.ledger.hold_rule import (
    ADMIT,
    ADMITTED_AT_LEAST_CENTS,
    COUNT_KEY,
    LIMITS_SQL,
    RECOUNT,
    REFUSED,
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
MISCOUNTED = ("concurrency_limited", "key_concurrency_limited")  # perhaps: the holds are counted before it is said
TRIES = 5  # a first use of a limited key needs two; refusals whose cause went away meanwhile, of a busy account, more


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
    request = {
        **_request(user_id, key_id, need_cents, worst_cents, cap_cents),
        "completion_id": completion_id,
        "process": process,
        "details": details,
        "idempotent": idempotent,
    }

    async def answer(statement: Statement) -> Row:
        return await ask(statement, user_id, completion_id, request)

    for _ in range(TRIES):
        try:
            cents, *more = await answer(ADMIT)
        except UniqueViolation as error:
            raise AdmissionDenied("duplicate", needed_cents=request["need"]) from error
        if cents is not None:
            page_notifications.announce_soon(user_id)
            return Admission(completion_id, cents, *more)
        is_uncounted, refused = _why_refused(request, await answer(REFUSED))
        if is_uncounted:
            await answer(COUNT_KEY)
        elif refused is not None and refused.reason in MISCOUNTED and (await answer(RECOUNT))[0]:
            continue
        elif refused is not None:
            raise refused
    raise AdmissionDenied("unknown", needed_cents=need_cents)


async def would_admit(
    *, user_id: int, key_id: int | None, need_cents: int, worst_cents: int, cap_cents: int | None = None
) -> Outlook:
    """What `admit` would answer now, asked without holding, counting or locking anything. Raises AdmissionDenied."""
    request = {**_request(user_id, key_id, need_cents, worst_cents, cap_cents), "idempotent": False}
    for _ in range(TRIES):
        if (row := await _first_row(WOULD_ADMIT_SQL, request)) is not None:
            return Outlook(*row)
        why = await _first_row(WHY_REFUSED_SQL, request)
        assert why is not None
        _, refused = _why_refused(request, why)
        if refused is not None:
            raise refused
    raise AdmissionDenied("unknown", needed_cents=need_cents)


async def limits(user_id: int, key_id: int | None) -> Limits | None:
    """None where the account or the key is no longer good."""
    row = await _first_row(LIMITS_SQL, _caller(user_id, key_id))
    return Limits(*row) if row else None


async def _first_row(sql: str, request: dict[str, Any]) -> Row | None:
    rows = await database.fetch_for(sql, json.dumps([request]))
    return rows[0][1:] if rows else None


def _caller(user_id: int, key_id: int | None) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "asked_key": key_id,
        "default_concurrency": settings.CONWAY_ACCOUNT_CONCURRENCY,
    }


def _request(
    user_id: int, key_id: int | None, need_cents: int, worst_cents: int, cap_cents: int | None
) -> dict[str, Any]:
    return {
        **_caller(user_id, key_id),
        "need": bound_cents(need_cents),
        "worst": bound_cents(worst_cents),
        "cap": None if cap_cents is None else bound_cents(cap_cents),
        "most_written_off": settings.CONWAY_MOST_WRITE_OFF_CENTS,
    }


def _why_refused(request: dict[str, Any], row: Row) -> tuple[bool, AdmissionDenied | None]:
    """Whether a limited key's use has to be counted from now on; and None where what stood in the way is gone."""
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
        is_held,
        is_charged,
        written_off,
    ) = row
    available, need, cap = balance - held, request["need"], request["cap"]
    reasons: dict[Reason, bool] = {
        "key_revoked": nobody,
        "duplicate": is_held or (is_charged and request["idempotent"]),
        "rate_limited": too_many,
        "key_concurrency_limited": key_most is not None and key_running >= key_most,
        "concurrency_limited": most is not None and running >= most,
        "insufficient_credits": available < max(ADMITTED_AT_LEAST_CENTS, need),
        "key_limit_reached": key_left is not None and key_left < need,
        "cost_cap": cap is not None and cap < need,
        "written_off": written_off > request["most_written_off"],
    }
    facts = {
        "available_cents": available,
        "held_cents": held,
        "needed_cents": need,
        "key_left_cents": key_left,
        "written_off_cents": written_off,
    }
    reason = next((reason for reason, holds in reasons.items() if holds), None)
    if reason is None:
        return is_uncounted, None
    of_key = reason == "key_concurrency_limited"
    counts = {"running": key_running if of_key else running, "concurrency": (key_most if of_key else most) or 0}
    return is_uncounted, AdmissionDenied(reason, **facts, **counts)
