"""Bytes on their way from the task that reads the provider to the client's connection, bounded in memory.

The reader waits while the client is slow; when the client is gone, it waits no more and the bytes go nowhere.
"""

import asyncio
from collections import deque

MOST_BYTES = 256 * 1024


class Channel:
    def __init__(self) -> None:
        self.pieces: deque[bytes] = deque()
        self.size = 0
        self.closed = False
        self.abandoned = False
        self.filled = asyncio.Event()
        self.drained = asyncio.Event()

    async def put(self, piece: bytes) -> None:
        if self.abandoned or not piece:
            return
        self.pieces.append(piece)
        self.size += len(piece)
        self.filled.set()
        while self.size > MOST_BYTES and not self.abandoned:
            self.drained.clear()
            await self.drained.wait()

    def close(self) -> None:
        self.closed = True
        self.filled.set()

    def abandon(self) -> None:
        """The client has left."""
        self.abandoned = True
        self.pieces.clear()
        self.drained.set()

    async def take(self) -> bytes | None:
        """Everything there is, at once; None at the end."""
        while not self.pieces:
            if self.closed:
                return None
            self.filled.clear()
            await self.filled.wait()
        taken = b"".join(self.pieces)
        self.pieces.clear()
        self.size = 0
        self.drained.set()
        return taken
