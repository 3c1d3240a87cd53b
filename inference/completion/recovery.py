"""What dead processes left: their spools are replayed, their holds settled.

A hold is lost when its beat has not moved for 30 s in which we looked without interruption: the database's absence,
or our own (SIGSTOP, a suspended machine), starts the clock anew, for we could not have seen it move.
"""

import logging
import time
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.conf import settings

from conway.common.database import DatabaseUnavailable
from credits import ledger
from inference.billing import settlement, spool
from inference.billing.entry import Entry, UnreadableEntry
from inference.completion import task

LOST_SECONDS = settings.CONWAY_LOST_SECONDS
LOOK_SECONDS = LOST_SECONDS / 6
REFUSED_SECONDS = 60  # what the database refused, it will most likely refuse again
LONGEST_BLINK_SECONDS = 3 * LOOK_SECONDS

log = logging.getLogger(__name__)


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
    for lines, forget in spool.orphans(settlement.spool().folder):
        taken = sum([await booked_line(line) for line in lines])
        done += taken
        if taken == len(lines):
            forget()
    return done


async def booked_line(line: dict[str, Any]) -> bool:
    """A line that nobody can read stays in its file, for staff, and keeps no other waiting."""
    entry = readable(line, f"a line of a spool, {str(line)[:200]},")
    return entry is not None and await booked(entry)


def readable(written: Any, what: str) -> Entry | None:
    try:
        return Entry.read(written)
    except UnreadableEntry as error:
        if not is_put_off(what):
            log.error("%s cannot be settled: %s", what, error)
            put_off(what)
        return None


async def booked(entry: Entry) -> bool:
    """An entry the database refuses is kept for staff, and keeps no other waiting."""
    if is_put_off(entry.id):
        return False
    try:
        await settlement.book(entry)
    except psycopg.Error:
        log.exception("settlement of %s is refused by the database", entry.id)
        put_off(entry.id)
        return False
    settlement.waiting.pop(entry.id, None)
    refused_until.pop(entry.id, None)
    return True


refused_until: dict[str, float] = {}  # completion, or line → when it is tried again


def put_off(name: str) -> None:
    refused_until[name] = time.monotonic() + REFUSED_SECONDS


def is_put_off(name: str) -> bool:
    return time.monotonic() < refused_until.get(name, 0)


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
    entry = readable(hold.checkpoint, f"the checkpoint of {completion_id}") if hold.checkpoint else Entry.unseen(hold)
    if entry is None:
        return False
    log.warning("completion %s is lost: its process died, or cannot reach the database", completion_id)
    return await settlement.book(entry, only_if_beat=last_beat) is not None
