"""What a serving process does beside requests: keeps its holds alive, settles what dead processes left, replays spools.

A hold is lost when its beat has not moved for 30 s in which we looked without interruption: the database's absence,
or our own (SIGSTOP, a suspended machine), starts the clock anew, for we could not have seen it move.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.conf import settings

from accounts.authentication import note_use
from conway.common.database import DatabaseUnavailable
from credits import ledger
from credits.ledger import LostHold
from inference.billing import settlement, spool
from inference.chat.usage import Usage
from inference.completion import outcome, task
from inference.completion.state import STOPPED

LOST_SECONDS = settings.CONWAY_LOST_SECONDS
BEAT_SECONDS = LOST_SECONDS / 10
FIRST_CHECKPOINT_SECONDS = BEAT_SECONDS / 3
LOOK_SECONDS = LOST_SECONDS / 6
NOTE_SECONDS = 20
REFUSED_SECONDS = 60  # what the database refused, it will most likely refuse again
LONGEST_BLINK_SECONDS = 3 * LOOK_SECONDS

log = logging.getLogger(__name__)


async def beat() -> None:
    """Renews the holds of all that runs here, with a checkpoint of what each would cost if we died now."""
    checkpoints: dict[str, Any] = dict.fromkeys(settlement.waiting)
    for completion_id, under_way in list(task.running.items()):
        is_told = under_way.is_owed and not under_way.ended
        checkpoints[completion_id] = await checkpoint(under_way) if is_told else None
    if checkpoints:
        await ledger.beat(settlement.PROCESS, checkpoints)


async def first_checkpoints() -> None:
    """Sooner than the next beat: a stream that has begun, or whose client left, is not free, should we die now."""
    begun = [
        under_way
        for under_way in list(task.running.values())
        if under_way.is_owed and not (under_way.ended or under_way.has_checkpoint)
    ]
    if begun:
        await ledger.beat(settlement.PROCESS, {under_way.id: await checkpoint(under_way) for under_way in begun})


async def checkpoint(under_way: task.CompletionTask) -> Mapping[str, Any]:
    """Of letters PostgreSQL takes: one provider's NUL would stop the beat of everybody's holds."""
    under_way.has_checkpoint = True
    return settlement.storable(outcome.entry(under_way, await outcome.if_lost(under_way)))


async def replay() -> int:
    """Books what waits: our own entries, and those of processes on this machine that are gone."""
    done = 0
    for completion_id in list(settlement.waiting):
        if completion_id in task.running:
            continue  # its own settlement is under way
        if entry := settlement.waiting.get(completion_id):  # else it came to its end while others were booked
            done += await booked(entry)
    if done and not settlement.waiting:
        settlement.spool().clear()
    for entries, forget in spool.orphans(settlement.spool().folder):
        taken = sum([await booked(entry) for entry in entries])
        done += taken
        if taken == len(entries):
            forget()
    return done


async def booked(entry: dict[str, Any]) -> bool:
    """An entry the database refuses is kept for staff, and keeps no other waiting."""
    completion_id = entry["row"]["id"]
    if time.monotonic() < refused_until.get(completion_id, 0):
        return False
    try:
        await settlement.book(entry)
    except psycopg.Error:
        log.exception("settlement of %s is refused by the database", completion_id)
        refused_until[completion_id] = time.monotonic() + REFUSED_SECONDS
        return False
    settlement.waiting.pop(completion_id, None)
    refused_until.pop(completion_id, None)
    return True


refused_until: dict[str, float] = {}  # completion → when its settlement is tried again


@dataclass(slots=True)
class Reaper:
    """Watches all open holds. `seen`: completion → its beat, and since when it has not moved."""

    seen: dict[str, tuple[int, float]] = field(default_factory=dict)
    looked_at: float | None = None

    async def look(self) -> int:
        """The number of completions settled as lost."""
        now = time.monotonic()
        if self.looked_at is None or now - self.looked_at > LONGEST_BLINK_SECONDS:
            self.seen.clear()
        try:
            holds = await ledger.open_holds()
        except DatabaseUnavailable:
            self.looked_at = None
            raise
        self.looked_at = now
        before, self.seen = self.seen, {}
        for hold in holds:
            beat_before, since = before.get(hold.completion_id, (None, now))
            self.seen[hold.completion_id] = (hold.beat, since if beat_before == hold.beat else now)
        lost = [
            (completion_id, last) for completion_id, (last, since) in self.seen.items() if now - since >= LOST_SECONDS
        ]
        return sum([await settle_lost(completion_id, last) for completion_id, last in lost])


async def settle_lost(completion_id: str, last_beat: int) -> bool:
    """By its checkpoint, or for nothing where nobody had seen any of it. Provisional: a true settlement may still
    come.
    """
    hold = await ledger.lost_hold(completion_id=completion_id, beat=last_beat)
    if hold is None:
        return False
    log.warning("completion %s is lost: its process died, or cannot reach the database", completion_id)
    return await settlement.book(hold.checkpoint or unseen(hold), only_if_beat=last_beat) is not None


def unseen(hold: LostHold) -> dict[str, Any]:
    details = hold.details
    return {
        "row": {
            "id": hold.completion_id,
            "user_id": hold.user_id,
            "key_id": hold.key_id,
            "request_id": details["request_id"],
            "model_id": details["model"],
            "provider": details["provider"],
            "served_model": "",
            "upstream_id": "",
            "price_id": details["price_id"],
            "is_stream": details["is_stream"],
            **settlement.bucket_columns(Usage()),
            "cost_usd": "0",
            "charged_cents": 0,
            "settlement": "lost",
            "ending": "process_died",
            "status": 500,
            "finish_reason": "",
            "alerts": [],
            "seen": {},
        },
        "key_window": hold.key_window.isoformat() if hold.key_window else None,
        "description": f"{details['model']}: lost before its first word",
        "details": {"model": details["model"], "receipt": hold.completion_id, "settlement": "lost"},
    }


# While serving


@dataclass(slots=True)
class BackgroundLoops:
    """The loops of one serving process. Each goes on through every failure of its step."""

    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        reaper = Reaper()
        rounds = (
            (beat, BEAT_SECONDS),
            (first_checkpoints, FIRST_CHECKPOINT_SECONDS),
            (replay, 1),
            (reaper.look, LOOK_SECONDS),
            (note_use, NOTE_SECONDS),
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
        await once(replay)


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
