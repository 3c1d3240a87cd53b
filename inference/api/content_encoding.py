"""The Content-Encoding of a request: what the standard library decodes, in slices, so that a small body that grows
large holds the event loop for milliseconds only and is refused as soon as it is too large.
"""

import zlib
from collections.abc import Iterator

from conway.common.errors import ApiError

SLICE_BYTES = 256 * 1024
WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
UNDERSTOOD = "gzip, deflate"


def decoder(coding: str) -> "Decoder | None":
    """None where nothing is to be decoded. Raises ApiError 415."""
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        return None
    if coding not in WINDOWS:
        raise unsupported(coding)
    return Decoder(coding)


def unsupported(coding: str, understood: str = UNDERSTOOD) -> ApiError:
    return ApiError(
        415,
        "unsupported_content_encoding",
        f"The Content-Encoding '{coding[:50]}' is not supported here; send the body as {understood} or not encoded.",
        param="Content-Encoding",
        headers={"accept-encoding": understood},
    )


class Decoder:
    def __init__(self, coding: str) -> None:
        self.coding = coding
        self.inflate = zlib.decompressobj(WINDOWS[coding])

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Slices of at most SLICE_BYTES. Raises ApiError 400."""
        full = True
        while data or full:  # after a full slice zlib may have more to give although it has taken all
            try:
                piece = self.inflate.decompress(data, SLICE_BYTES)
            except zlib.error:
                raise self.broken() from None
            if self.inflate.unused_data:
                raise self.broken()  # a second stream behind the first: millions of empty ones would cost minutes
            data, full = self.inflate.unconsumed_tail, len(piece) == SLICE_BYTES
            if piece:
                yield piece

    def end(self) -> None:
        if not self.inflate.eof:
            raise self.broken()

    def broken(self) -> ApiError:
        message = f"The body is not one whole {self.coding} stream, as its Content-Encoding says."
        return ApiError(400, "invalid_content_encoding", message, param="Content-Encoding")
