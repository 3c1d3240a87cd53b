"""Tells open pages that a user's credit changed. The message carries no figures: pages read those from the books.

A consumer joins the group `group(user_id)` and gets messages of the type `credits.changed`. Telling is best effort: a
slow or missing Redis costs a page its freshness, never a caller time and never anybody money.
"""

import asyncio
import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

log = logging.getLogger(__name__)

MESSAGE = "credits.changed"
SEND_SECONDS = 1
PAUSE_SECONDS = 0.1  # a busy account's pages hear ten times a second at most
WAITING_MAX = 1000

_waiting: dict[tuple[asyncio.AbstractEventLoop, int], asyncio.Task[None]] = {}


def group(user_id: int) -> str:
    return f"credits.{user_id}"


def announce(user_id: int) -> None:
    """Announces a change once the transaction is committed; for synchronous code."""
    transaction.on_commit(lambda: async_to_sync(_tell)(user_id), robust=True)


def announce_soon(user_id: int) -> None:
    """Announces a change in a task of its own, together with what follows within the pause; for asynchronous code."""
    loop = asyncio.get_running_loop()
    if (loop, user_id) in _waiting or len(_waiting) >= WAITING_MAX:
        return
    task = loop.create_task(_tell_after_pause(user_id))
    _waiting[loop, user_id] = task
    task.add_done_callback(lambda _: _waiting.pop((loop, user_id), None))


async def _tell_after_pause(user_id: int) -> None:
    await asyncio.sleep(PAUSE_SECONDS)
    _waiting.pop((asyncio.get_running_loop(), user_id), None)  # a change from here on needs another message
    await _tell(user_id)


async def _tell(user_id: int) -> None:
    if (layer := get_channel_layer()) is None:
        return
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await layer.group_send(group(user_id), {"type": MESSAGE, "user_id": user_id})
    except Exception as error:
        log.warning("Open pages of user %s were not told of a change: %r", user_id, error)
