"""What a serving process does beside requests: keeps its holds alive, and goes on with recovery (recovery.py)."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError

from accounts.authentication import note_use
from conway.common.database import DatabaseUnavailable
from conway.common.lending import lent
from credits import ledger, notices, webhooks
from inference.billing import settlement, spool
from inference.completion import outcome, recovery, refusals, task
from inference.completion.state import STOPPED, CompletionState

BEAT_SECONDS = recovery.LOST_SECONDS / 10
FIRST_CHECKPOINT_SECONDS = BEAT_SECONDS / 3
NOTE_SECONDS = 20
NOTICES_SECONDS = 60
DELIVERIES_SECONDS = 5

log = logging.getLogger(__name__)


async def beat() -> None:
    """Renews the holds of all that runs here, with a checkpoint of what each would cost if we died now."""
    checkpoints: dict[str, Any] = dict.fromkeys(settlement.waiting)
    for completion_id, state in under_way():
        is_told = state.is_owed and not state.ended
        checkpoints[completion_id] = await checkpoint(state) if is_told else None
    if checkpoints:
        await ledger.beat(spool.PROCESS, checkpoints)


async def first_checkpoints() -> None:
    """Sooner than the next beat: a stream that has begun, or whose client left, is not free, should we die now."""
    begun = [state for _, state in under_way() if state.is_owed and not (state.ended or state.has_checkpoint)]
    if begun:
        await ledger.beat(spool.PROCESS, {state.id: await checkpoint(state) for state in begun})


def under_way() -> list[tuple[str, CompletionState]]:
    return [(completion_id, running.state) for completion_id, running in task.running.items()]


async def checkpoint(state: CompletionState) -> Mapping[str, Any]:
    state.has_checkpoint = True
    return outcome.entry(state, await outcome.if_lost(state)).as_json()


async def tell() -> None:
    await off_the_loop(notices.look)


async def deliver() -> None:
    while await off_the_loop(webhooks.deliver_due):
        pass


async def off_the_loop(work: Callable[[], int]) -> int:
    """In a thread of its own, which gives its connection back; a database that is away heals."""

    def work_and_give_back() -> int:
        with lent():
            return work()

    try:
        return await asyncio.to_thread(work_and_give_back)
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailable from error


@dataclass(slots=True)
class BackgroundLoops:
    """The loops of one serving process. Each goes on through every failure of its step."""

    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        rounds = (
            (beat, BEAT_SECONDS),
            (first_checkpoints, FIRST_CHECKPOINT_SECONDS),
            (recovery.replay, 1),
            (recovery.look, recovery.LOOK_SECONDS),
            (note_use, NOTE_SECONDS),
            (refusals.write, refusals.WRITE_SECONDS),
            (tell, NOTICES_SECONDS),
            (deliver, DELIVERIES_SECONDS),
        )
        self.tasks = [asyncio.create_task(every(seconds, step)) for step, seconds in rounds]

    async def stop(self, seconds: float) -> None:
        """Lets what runs end within `seconds`, cuts the rest, and leaves nothing unsettled or unspooled."""
        await ended(seconds)
        task.cut_all(STOPPED, 0)
        await ended(2 * settlement.DATABASE_SECONDS)
        for loop in self.tasks:
            loop.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await once(recovery.replay)
        await once(refusals.write)


async def ended(seconds: float) -> None:
    until = time.monotonic() + seconds
    while task.running and time.monotonic() < until:
        await asyncio.sleep(0.05)


async def every(seconds: float, step: Any) -> None:
    while True:
        await once(step)
        await asyncio.sleep(seconds)


async def once(step: Any) -> None:
    try:
        await step()
    except DatabaseUnavailable:
        pass  # it heals; the next round tells
    except Exception:
        log.exception("%s failed", step.__qualname__)
