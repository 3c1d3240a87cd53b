"""At most one statement in flight per account and process: forty callers on one account would otherwise wait inside the
database, on connections that everybody else needs (measured: others slow from 11 to 264 ms)."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

Account = tuple[asyncio.AbstractEventLoop, int]

_locks: dict[Account, asyncio.Lock] = {}
_waiting: Counter[Account] = Counter()


@asynccontextmanager
async def turn(user_id: int) -> AsyncIterator[None]:
    account = asyncio.get_running_loop(), user_id
    lock = _locks.setdefault(account, asyncio.Lock())
    _waiting[account] += 1
    try:
        async with lock:
            yield
    finally:
        _waiting[account] -= 1
        if not _waiting[account]:  # nobody is left who could hold this very lock
            del _waiting[account], _locks[account]
