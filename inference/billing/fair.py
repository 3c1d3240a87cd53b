"""A few at once, of each account fewer: who sends much waits for itself, not others for it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Loop = asyncio.AbstractEventLoop


@dataclass(slots=True)
class Turns:
    at_once: int
    of_one: int = 1
    free: dict[Loop, asyncio.Semaphore] = field(default_factory=dict)
    locks: dict[tuple[Loop, int], asyncio.Semaphore] = field(default_factory=dict)
    waiting: Counter[tuple[Loop, int]] = field(default_factory=Counter)

    @asynccontextmanager
    async def of(self, account: int) -> AsyncIterator[None]:
        key = asyncio.get_running_loop(), account
        lock = self.locks.setdefault(key, asyncio.Semaphore(self.of_one))
        free = self.free.setdefault(key[0], asyncio.Semaphore(self.at_once))
        self.waiting[key] += 1
        try:
            async with lock, free:
                yield
        finally:
            self.waiting[key] -= 1
            if not self.waiting[key]:  # nobody is left who could hold this very lock
                del self.waiting[key], self.locks[key]
