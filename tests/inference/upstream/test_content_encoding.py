"""Answers that come compressed although nobody asked for it are read whole, however they are packed and cut."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.upstream.content_encoding import SLICE_BYTES, Inflating, Undecodable

raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
WHOLE = b"data: hello " * 500
PACKED = {
    "gzip": gzip.compress(WHOLE),
    "members": b"".join(gzip.compress(WHOLE[at : at + 700]) for at in range(0, len(WHOLE), 700)),
    "padded": gzip.compress(WHOLE) + b"\0" * 20,
    "deflate": zlib.compress(WHOLE),
    "raw deflate": raw.compress(WHOLE) + raw.flush(),
}


def read(coding: str, pieces: list[bytes]) -> bytes:
    inflating = Inflating(coding)
    return b"".join(found for piece in pieces for found in inflating.feed(piece))


@pytest.mark.parametrize("name", PACKED)
@given(size=st.integers(2, 300))
def test_it_is_read_whole_wherever_it_is_cut(name: str, size: int) -> None:
    packed, coding = PACKED[name], "deflate" if "deflate" in name else "gzip"
    assert read(coding, [packed[at : at + size] for at in range(0, len(packed), size)]) == WHOLE


def test_what_grows_large_comes_in_slices() -> None:
    slices = list(Inflating("gzip").feed(gzip.compress(bytes(5 * SLICE_BYTES))))
    assert len(slices) >= 5 and max(map(len, slices)) <= SLICE_BYTES


def test_what_is_not_packed_is_told() -> None:
    with pytest.raises(Undecodable):
        read("gzip", [b"{}" * 50])
    with pytest.raises(Undecodable):
        Inflating("br")
