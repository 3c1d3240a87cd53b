"""What dead processes left: their spools are replayed, their holds settled.

A hold is lost when its beat has not moved for 30 s in which some process looked without interruption: the database's
absence, or that of all of us (a suspended machine), starts the clock anew, for nobody could have seen it move. When
somebody looked is a row in the database (HoldWatch), so that one process at a time looks for all.
"""

import logging
import time
from typing import Any

import psycopg
from django.conf import settings

from credits import ledger
from inference.billing import settlement, spool
from inference.billing.entry import Entry, UnreadableEntry
from inference.completion import task

LOST_SECONDS = settings.CONWAY_LOST_SECONDS
LOOK_SECONDS = LOST_SECONDS / 6
REFUSED_SECONDS = 60  # what the database refused, it will most likely refuse again

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


async def look() -> int:
    """The number of completions settled as lost."""
    return sum([await settle_lost(hold) for hold in await ledger.lost_holds(LOST_SECONDS)])


async def settle_lost(hold: ledger.LostHold) -> bool:
    """Settles a lost hold by its checkpoint, or for nothing where nobody had seen any of it. Provisional: a true
    settlement may still come.
    """
    of_hold = f"the checkpoint of {hold.completion_id}"
    entry = readable(hold.checkpoint, of_hold) if hold.checkpoint else Entry.unseen(hold)
    if entry is None:
        return False
    log.warning("completion %s is lost: its process died, or cannot reach the database", hold.completion_id)
    return await settlement.book(entry, only_if_beat=hold.beat) is not None
