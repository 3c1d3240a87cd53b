"""Bytes on their way from the task that reads the provider to the client's connection, bounded in memory.

A client that takes all at once is written to by the reader itself; for a slower one the bytes wait here, and the reader
with them. When the client is gone, it waits no more and the bytes go nowhere.
"""

import asyncio
from collections import deque
from collections.abc import Callable

MOST_BYTES = 256 * 1024

Write = Callable[[bytes], bool]  # False, and nothing is written, where the client takes no more now


class Channel:
    def __init__(self) -> None:
        self.pieces: deque[bytes] = deque()
        self.size = 0
        self.closed = False
        self.abandoned = False
        self.filled = asyncio.Event()
        self.drained = asyncio.Event()
        self.write: Write | None = None  # straight to the client, where its server offers that
        self.is_awaited = False  # nothing lies here, nor with who takes from here
        self.last_put = 0.0  # in the loop's time

    async def put(self, piece: bytes, *, is_last: bool = False) -> None:
        """The last piece is taken from here, for it goes out with the end of the answer."""
        if self.abandoned or not piece:
            return
        self.last_put = asyncio.get_running_loop().time()
        if self.write is not None and self.is_awaited and not self.pieces and not is_last and self.write(piece):
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
            self.is_awaited = True
            try:
                await self.filled.wait()
            finally:
                self.is_awaited = False
        taken = b"".join(self.pieces)
        self.pieces.clear()
        self.size = 0
        self.drained.set()
        return taken
