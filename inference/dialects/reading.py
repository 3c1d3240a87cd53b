"""A provider's stream, from what the network brings to deltas. No I/O.

Most of a stream is one event again and again with another text in it. A translator that knows such a `run` by its bytes
takes all of it at once, however many events it is; what is left goes event by event.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, cast

from inference.chat.reply import Delta
from inference.dialects import Translator
from inference.sse import Decoder

ONE_BY_ONE = 8  # events of a read, each of which may be the one that shows what a run looks like
EVENT_ENDS = b"\n\n"
DONE = "[DONE]"


class Runs(Protocol):
    """What a translator can that knows runs."""

    @property
    def may_run(self) -> bool:
        """Whether it still looks for runs."""

    def run(self, read: bytes, start: int) -> tuple[list[Delta], int]:
        """What the events from `start` on are, where an event begins, and where the first one stands that is none of
        the run."""


@dataclass(slots=True)
class Reader:
    translator: Translator
    decoder: Decoder = field(default_factory=Decoder)
    is_done: bool = False  # the stream has said so; nothing behind that counts
    runs: Runs | None = field(init=False)

    def __post_init__(self) -> None:
        self.runs = cast("Runs", self.translator) if hasattr(self.translator, "run") else None

    def feed(self, read: bytes) -> Iterator[list[Delta]]:
        """Raises `ProviderError` and `EventTooLarge`."""
        start = 0
        if self.runs is not None and self.runs.may_run:
            for _ in range(ONE_BY_ONE):
                if self.decoder.is_between_events:
                    deltas, start = self.runs.run(read, start)
                    yield deltas
                stop = read.find(EVENT_ENDS, start) + len(EVENT_ENDS)
                if self.is_done or stop < len(EVENT_ENDS):
                    break
                yield from self.events(read[start:stop])
                start = stop
        yield from self.events(read[start:] if start else read)

    def events(self, part: bytes) -> Iterator[list[Delta]]:
        for event in self.decoder.feed(part) if part and not self.is_done else ():
            if event.data == DONE:
                self.is_done = True
                return
            yield self.translator.feed(event)

    def end(self) -> Iterator[list[Delta]]:
        """Of a stream that ends without its blank line."""
        yield from self.events(EVENT_ENDS)
