"""Where a request begins and ends, as RFC 9112 has it and a little stricter: what a proxy before us might read in
another way is refused, since the difference is how one client's request is smuggled into another's connection.
"""

import re
from typing import Any

from twisted.web.http import HTTPChannel, _ChunkedTransferDecoder, _IdentityTransferDecoder, _MalformedChunkedDataError

CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f\x85]").search  # in a line: a bare CR, LF or NUL, and their like
FIELD_LINE = re.compile(rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+:[^\x00-\x08\x0a-\x1f\x7f]*").fullmatch
LONGEST_LENGTH = 19  # digits of Content-Length; longer ones Python refuses to read as a number at all
MOST_CHUNKS = 8_192  # whatever their sizes; each costs the loop some microseconds
LEAST_CHUNK_BYTES = 256  # on the average, beyond those
MOST_EXTENSION_BYTES = 16 * 1024
MOST_TRAILER_BYTES = 8 * 1024


class Chunks(_ChunkedTransferDecoder):
    """Bounded in what a body may cost beside its bytes: chunks, their extensions, trailers."""

    def __init__(self, *callbacks: object) -> None:
        super().__init__(*callbacks)
        self._maxTrailerHeadersSize = MOST_TRAILER_BYTES
        self.count = self.received = self.extension_bytes = 0

    def _dataReceived_CHUNK_LENGTH(self) -> bool:
        before = len(self._buffer)
        if not super()._dataReceived_CHUNK_LENGTH():
            return False
        self.count += 1
        self.received += self.length
        self.extension_bytes += before - len(self._buffer) - len(b"%x\r\n" % self.length)
        if self.count > MOST_CHUNKS + self.received // LEAST_CHUNK_BYTES:
            raise _MalformedChunkedDataError("Too many small chunks")
        if self.extension_bytes > MOST_EXTENSION_BYTES:
            raise _MalformedChunkedDataError("Too many chunk extensions")
        return True

    def _dataReceived_TRAILER(self) -> bool:
        known = len(self._trailerHeaders)
        goes_on = super()._dataReceived_TRAILER()
        if len(self._trailerHeaders) > known and not FIELD_LINE(self._trailerHeaders[-1]):
            raise _MalformedChunkedDataError("Malformed trailer")
        return bool(goes_on)


def is_length(value: bytes) -> bool:
    return value.isdigit() and len(value) <= LONGEST_LENGTH


class Framed(HTTPChannel):
    """A connection whose requests each end in one place only."""

    _transferDecoder: Any

    def _maybeChooseTransferDecoder(self, header: bytes, data: bytes) -> bool:
        """One Content-Length, or one Transfer-Encoding that is `chunked`: anything else has two readings."""
        request = self.requests[-1]
        if header == b"Content-Length":
            if not is_length(data) or self._transferDecoder is not None:
                return bool(self._failChooseTransferDecoder())
            self.length = int(data)
            self._transferDecoder = _IdentityTransferDecoder(
                self.length, request.handleContentChunk, self._finishRequestBody
            )
        elif header == b"Transfer-Encoding":
            if data.lower() != b"chunked" or self._transferDecoder is not None or self._version != b"HTTP/1.1":
                return bool(self._failChooseTransferDecoder())
            self.length = None  # type: ignore[assignment]  # Twisted's own word for it
            self._transferDecoder = Chunks(request.handleContentChunk, self._finishRequestBody)
        return True
