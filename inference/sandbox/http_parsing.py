"""Requests out of bytes: HTTP/1.1 head, then a body by content-length or in chunks."""

from typing import NamedTuple

HEAD_BYTES_MAX = 64 * 1024


class Malformed(ValueError):
    pass


class Framed(NamedTuple):
    method: str
    target: str
    headers: list[tuple[bytes, bytes]]
    body: bytes


def read_request(unread: bytearray) -> Framed | None:
    """Take one whole request off the front of `unread`; None while it is not all there. Raises Malformed."""
    end = unread.find(b"\r\n\r\n", 0, HEAD_BYTES_MAX)
    if end < 0:
        if len(unread) > HEAD_BYTES_MAX:
            raise Malformed("no end of headers")
        return None
    method, target, headers = read_head(bytes(unread[:end]))
    fields = dict(headers)
    try:
        found = (
            read_chunks(unread, end + 4)
            if b"chunked" in fields.get(b"transfer-encoding", b"")
            else read_sized(unread, end + 4, int(fields.get(b"content-length", 0)))
        )
    except ValueError as fault:
        raise Malformed(str(fault)) from fault
    if found is None:
        return None
    body, used = found
    del unread[:used]
    return Framed(method, target, headers, body)


def read_head(head: bytes) -> tuple[str, str, list[tuple[bytes, bytes]]]:
    first, *lines = head.split(b"\r\n")
    words = first.decode("latin-1").split(" ")
    if len(words) != 3:
        raise Malformed(f"request line {first!r}")
    pairs = (line.partition(b":") for line in lines)
    return words[0], words[1], [(name.strip().lower(), value.strip()) for name, _, value in pairs]


def read_sized(unread: bytearray, start: int, size: int) -> tuple[bytes, int] | None:
    end = start + size
    return (bytes(unread[start:end]), end) if len(unread) >= end else None


def read_chunks(unread: bytearray, at: int) -> tuple[bytes, int] | None:
    body = bytearray()
    while (line_end := unread.find(b"\r\n", at)) >= 0:
        size = int(unread[at:line_end].partition(b";")[0], 16)
        at = line_end + 2 + size + 2
        if len(unread) < at:
            return None
        if size == 0:
            return bytes(body), at
        body += unread[line_end + 2 : at - 2]
    return None
