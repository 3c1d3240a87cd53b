"""The commonest deltas: more of the text that grows now. Of what a caller gets only the text differs, so what stands
before and behind it is put together once for all that came in one read, whatever the format.
"""

from collections.abc import Sequence
from typing import Protocol

from inference.chat.encoding import quoted
from inference.chat.reply import Delta


class Grows(Protocol):
    """A format's writer."""

    @property
    def goes_on(self) -> str | None:
        """The field of a delta whose text goes on with what is open, where that is a text."""

    def more(self, texts: list[str]) -> str:
        """What more of that text is, piece by piece; none of them is empty."""

    def other(self, delta: Delta) -> str:
        """What any delta is. It may begin and end texts."""


def written(deltas: Sequence[Delta], writer: Grows) -> str:
    """What the deltas are in the writer's format."""
    pieces, texts, name = list[str](), list[str](), writer.goes_on
    for delta in deltas:
        if (
            name is not None
            and (text := delta.fields.get(name))
            and len(delta.fields) == 1
            and delta.begins is None
            and delta.logprobs is None
            and delta.item is None
            and delta.finish_reason is None
            and not delta.index
        ):
            texts.append(text)
            continue
        if texts:
            pieces.append(writer.more(texts))
            texts = []
        pieces.append(writer.other(delta))
        name = writer.goes_on
    if texts:
        pieces.append(writer.more(texts))
    return "".join(pieces)


def between(before: str, texts: list[str], behind: str) -> str:
    """Each text, as JSON, with the same around it."""
    return before + f"{behind}{before}".join(map(quoted, texts)) + behind
