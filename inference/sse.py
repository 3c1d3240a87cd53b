"""Server-sent events, both ways (https://html.spec.whatwg.org/multipage/server-sent-events.html). No I/O.

Bytes are split before they are decoded: str.splitlines() and httpx's aiter_lines() also split on U+2028 and its kin,
which providers send raw inside JSON, and would cut an event in two.
"""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

LINE_END = re.compile(rb"\r\n|\n|\r")
MAX_EVENT_BYTES = 32 * 1024 * 1024

KEEP_ALIVE = b": keep-alive\n\n"
DONE = b"data: [DONE]\n\n"


class EventTooLarge(Exception):
    """An upstream that never ends a line would otherwise fill our memory."""


class Event(NamedTuple):
    data: str
    name: str = "message"


@dataclass(slots=True)
class Decoder:
    """Feed it network reads as they come; it gives the events that are complete."""

    buffer: bytearray = field(default_factory=bytearray)
    scanned: int = 0
    name: bytes = b""
    data: list[bytes] = field(default_factory=list)
    size: int = 0
    started: bool = False

    @property
    def is_between_events(self) -> bool:
        return self.started and not (self.buffer or self.data or self.name)

    def feed(self, read: bytes) -> list[Event]:
        events: list[Event] = []
        for line in self.lines(read):  # the three commonest kinds of line are taken here, for there are many
            if line.startswith(b"data: "):
                self.data.append(line[6:])
            elif not line:
                if self.data:
                    events.append(self.dispatch())
                self.name, self.size = b"", len(self.buffer)
            elif line.startswith(b"event: "):
                self.name = line[7:]
            else:
                self.take(line)
        return events

    def end(self) -> list[Event]:
        """At the end of the stream. An event without its blank line counts: some gateways omit the last one."""
        return self.feed(b"\n\n")

    def lines(self, read: bytes) -> list[bytes]:
        self.buffer += read
        self.size += len(read)
        if self.size > MAX_EVENT_BYTES:
            raise EventTooLarge
        # A trailing \r may be the first half of \r\n: it stays until the next read shows.
        stop = len(self.buffer) - 1 if self.buffer.endswith(b"\r") else len(self.buffer)
        # Nearly always all lines end alike: split() is four times as fast as a search for each end.
        line_end = b"\n" if self.buffer.find(b"\r", self.scanned) < 0 else b"\r\n"
        if line_end == b"\n" or self.all_return():
            last = self.buffer.rfind(line_end, self.scanned)
            lines = bytes(self.buffer[:last]).split(line_end) if last >= 0 else []
            begin = last + len(line_end) if last >= 0 else 0
        else:
            lines, begin = [], 0
            for end in LINE_END.finditer(self.buffer, self.scanned, stop):
                lines.append(bytes(self.buffer[begin : end.start()]))
                begin = end.end()
        del self.buffer[:begin]
        self.scanned = stop - begin
        if lines and not self.started:
            self.started = True
            lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
        return lines

    def all_return(self) -> bool:
        """Whether each line that ends in what is new ends with \\r\\n."""
        count, at = self.buffer.count, self.scanned
        return count(b"\r", at) == count(b"\n", at) == count(b"\r\n", at)

    def take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if name == b"data":
            self.data.append(value)
        elif name == b"event":
            self.name = value

    def dispatch(self) -> Event:
        data, self.data = self.data, []
        text = (data[0] if len(data) == 1 else b"\n".join(data)).decode("utf-8", "replace")
        return Event(text, self.name.decode("utf-8", "replace")) if self.name else Event(text)


def encode(json_text: str) -> bytes:
    """One event on one line; `json_text` is ASCII, so readers that split on U+2028 survive."""
    return f"data: {json_text}\n\n".encode("ascii")
