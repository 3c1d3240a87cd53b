"""Answers that come compressed although we asked for `identity`, which servers may ignore (RFC 9110 12.5.3).

In slices, so that a small body that grows large is bounded as it grows.
"""

import zlib
from collections.abc import AsyncIterator, Iterator

SLICE_BYTES = 256 * 1024
GZIP = b"\x1f\x8b"
WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Undecodable(ValueError):
    """Not what its header says, or in a coding that we do not know."""


async def decoded(reads: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    """Raises `Undecodable`."""
    inflating = Inflating(coding)
    async for read in reads:
        for piece in inflating.feed(read):
            yield piece


class Inflating:
    def __init__(self, coding: str) -> None:
        if coding not in WINDOWS:
            raise Undecodable(f"The answer is encoded as {coding[:50]!r}.")
        self.coding, self.fed = coding, False
        self.inflate = zlib.decompressobj(WINDOWS[coding])

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Slices of at most SLICE_BYTES."""
        full = True
        while data or full:  # after a full slice zlib may have more to give although it has taken all
            if self.inflate.eof:
                if not data.startswith(GZIP[: len(data) or 1]):
                    return  # padding behind the end
                self.inflate = zlib.decompressobj(WINDOWS["gzip"])  # some servers make a member of each piece
            try:
                piece = self.inflate.decompress(data, SLICE_BYTES)
            except zlib.error as error:
                if self.coding != "deflate" or self.fed:
                    raise Undecodable(f"The answer is no {self.coding}.") from error
                # As some servers have it.
                self.coding, self.inflate = "raw deflate", zlib.decompressobj(-zlib.MAX_WBITS)
                continue
            self.fed = True
            data, full = self.inflate.unused_data or self.inflate.unconsumed_tail, len(piece) == SLICE_BYTES
            if piece:
                yield piece
