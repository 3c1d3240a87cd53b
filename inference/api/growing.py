"""The commonest deltas: more of the text that grows now. Of what a caller gets only the text differs, so what stands
before and behind it is put together once for all that came in one read, whatever the format.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from inference.chat.encoding import quoted
from inference.chat.reply import Delta, apart


class Growing(NamedTuple):
    """The text that is open. `name`: the field of a delta that goes on with it; `before`, `place` and `behind` stand
    around each piece, a number between the first two where events are numbered; `pieces` keeps what was written.
    """

    name: str
    before: str
    behind: str
    pieces: list[str] | None = None
    place: str = ""


class Grows(Protocol):
    """A format's writer."""

    growing: Growing | None

    def more(self, growing: Growing, texts: list[str]) -> str:
        """The events that go on with the text, one for each piece; none of them is empty."""

    def other(self, delta: Delta) -> str:
        """The events of any delta. It may open and close texts."""


def written(deltas: Sequence[Delta], writer: Grows) -> str:
    """The deltas in the writer's format."""
    events, texts, growing = list[str](), list[str](), writer.growing
    for delta in deltas:
        if (
            growing is not None
            and (text := delta.fields.get(growing.name))
            and len(delta.fields) == 1
            and delta.begins is None
            and delta.logprobs is None
            and delta.item is None
            and delta.finish_reason is None
            and not delta.index
        ):
            texts.extend(delta.pieces or (text,))
            if growing.pieces is not None:
                growing.pieces.append(text)
            continue
        if texts and growing is not None:
            events.append(writer.more(growing, texts))
            texts = []
        events.append(writer.other(delta) if delta.pieces is None else written(list(apart([delta])), writer))
        growing = writer.growing
    if texts and growing is not None:
        events.append(writer.more(growing, texts))
    return "".join(events)


def repeated(growing: Growing, texts: list[str]) -> str:
    """Each text with the same around it."""
    if len(texts) == 1:
        return f"{growing.before}{quoted(texts[0])}{growing.behind}"
    between = growing.behind + growing.before
    return growing.before + between.join(map(quoted, texts)) + growing.behind
