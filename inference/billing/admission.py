"""What a completion is held for before anything is sent, and a hold given back for what never was."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from accounts.authentication import Caller
from credits import ledger
from credits.ledger import Admission, AdmissionDenied, Outlook, ReceiptStatement
from inference.billing.measure import Measure
from inference.billing.quotes import Quote, quote
from inference.billing.spool import PROCESS
from inference.catalog.snapshot import PricePoint

T = TypeVar("T")

log = logging.getLogger(__name__)


async def admit(
    *,
    completion_id: str,
    caller: Caller,
    measure: Measure,
    price: PricePoint,
    cap_cents: int | None,
    is_idempotent: bool,
    details: dict[str, Any],
) -> tuple[Quote, Admission]:
    """Raises `AdmissionDenied`. What the cheap bound could not pay, the counted one may. Cancelled, it leaves none."""

    async def hold(quoted: Quote) -> Admission:
        return await ledger.admit(
            completion_id=completion_id,
            user_id=caller.user_id,
            key_id=caller.key_id,
            need_cents=quoted.need_cents,
            worst_cents=quoted.worst_cents,
            cap_cents=cap_cents,
            process=PROCESS,
            details=details,
            idempotent=is_idempotent,
        )

    admitting = cheaply_or_counted(measure, price, hold)
    if is_idempotent:
        return await alone(asyncio.ensure_future(admitting), completion_id, caller.user_id)
    try:
        return await admitting
    except asyncio.CancelledError:  # the client hung up: it may be admitted, and will never be sent
        release_soon(completion_id, caller.user_id)
        raise


async def alone(
    admitting: "asyncio.Task[tuple[Quote, Admission]]", completion_id: str, user_id: int
) -> tuple[Quote, Admission]:
    """To its end, whoever hangs up: a hold under an idempotency key may be another request's, and only who was admitted
    knows it as its own.
    """
    try:
        return await asyncio.shield(admitting)
    except asyncio.CancelledError:
        admitting.add_done_callback(partial(release_if_admitted, completion_id, user_id))
        raise


async def would_admit(
    *, caller: Caller, measure: Measure, price: PricePoint, cap_cents: int | None
) -> tuple[Quote, Outlook]:
    """What `admit` would answer now. Raises `AdmissionDenied`."""

    async def ask(quoted: Quote) -> Outlook:
        return await ledger.would_admit(
            user_id=caller.user_id,
            key_id=caller.key_id,
            need_cents=quoted.need_cents,
            worst_cents=quoted.worst_cents,
            cap_cents=cap_cents,
        )

    return await cheaply_or_counted(measure, price, ask)


async def cheaply_or_counted(
    measure: Measure, price: PricePoint, ask: Callable[[Quote], Awaitable[T]]
) -> tuple[Quote, T]:
    cheap = await quote(measure, price, counted=False)
    try:
        return cheap, await ask(cheap)
    except AdmissionDenied:
        exact = await quote(measure, price, counted=True)
        if exact.need_cents >= cheap.need_cents:
            raise
        return exact, await ask(exact)


async def release(completion_id: str, user_id: int) -> None:
    """A hold for what was never sent, if there is one: no receipt, no charge."""
    nothing = {"completion_id": completion_id, "user_id": user_id, "details": {}, "description": "", "row": {}}
    await ledger.settle(receipt=NO_RECEIPT, params=nothing)


def release_soon(completion_id: str, user_id: int) -> None:
    """If it fails, the reaper finds a hold without a heartbeat."""
    releasing.add(task := asyncio.create_task(release(completion_id, user_id)))
    task.add_done_callback(released)


def release_if_admitted(completion_id: str, user_id: int, admitting: "asyncio.Task[tuple[Quote, Admission]]") -> None:
    if not admitting.cancelled() and admitting.exception() is None:
        release_soon(completion_id, user_id)


def released(task: "asyncio.Task[None]") -> None:
    releasing.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("a hold could not be released: %s", error)


releasing: set["asyncio.Task[None]"] = set()

NO_RECEIPT = ReceiptStatement("""
SELECT NULL::text completion_id, NULL::bigint user_id, NULL::bigint key_id, 0::bigint due_cents, false corrects
WHERE false""")
