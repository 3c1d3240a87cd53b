"""Counting tokens without asking anybody.

o200k is OpenAI's own vocabulary (`bpe-openai` carries it); another model's count is a percentage of it, which stands
in the catalogue and which no request moves. The tokenizer holds the interpreter while it counts, so it is given a
little at a time.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

MESSAGE_TOKENS = 16  # roles and separators around a message, at most
REQUEST_TOKENS = 16
TOOLS_TOKENS = 700  # the system prompt some providers add when tools or a schema are given
MAKERS_TOOL_TOKENS = 2_500  # what a maker shows its model of a tool of its own; recorded bills have at most 1,000
LIKELY_MESSAGE_TOKENS = 3
# The same, likely: as Anthropic's pages and recorded bills tell (docs/providers/anthropic.md). A tool that is not here
# costs as the computer and the memory do.
LIKELY_MAKERS_TOOLS = {"bash": 245, "text_editor": 700}
LIKELY_MAKERS_TOOL_TOKENS = 1_000
LIKELY_TOOLS_TOKENS = 550
SLICE = 32_768  # characters: 5 ms of the loop, 10 for letters without a space
NEAR = 200  # characters before a slice's end in which a space is looked for


@cache
def o200k() -> Any:
    """The wheel's own extension, without the package around it, which would read three vocabularies into dicts first:
    0.7 s and 75 MB a worker, for what the extension has in it.
    """
    package = find_spec("bpe_openai")
    assert package and package.submodule_search_locations
    (extension,) = Path(package.submodule_search_locations[0]).glob("_bindings*.so")
    spec = spec_from_file_location("bpe_openai._bindings", extension)
    assert spec and spec.loader
    spec.loader.exec_module(bindings := module_from_spec(spec))
    return bindings.tokenizer_for_encoding("o200k_base")


def count(text: str) -> int:
    """o200k tokens."""
    return int(o200k().count(text.encode("utf-8", "replace").decode()))


async def counted(text: str) -> int:
    """o200k tokens of a text of any length."""
    tally = Tally()
    for piece in slices(text):
        if tally.add(piece):
            await asyncio.sleep(0)
    tally.close()
    return tally.tokens


def slices(text: str) -> Iterator[str]:
    """Cut before a space where there is one near: a word that is cut is a token more, never one less."""
    begin = 0
    while len(text) - begin > SLICE:
        end = text.rfind(" ", begin + SLICE - NEAR, begin + SLICE)
        end = begin + SLICE if end < 0 else end
        yield text[begin:end]
        begin = end
    yield text[begin:]


@dataclass(slots=True)
class Tally:
    """Texts, counted when there are enough of them: each apart from the next by a line's end, a token."""

    tokens: int = 0
    bytes: int = 0
    pieces: list[str] = field(default_factory=list)
    characters: int = 0

    def add(self, piece: str) -> bool:
        """Whether it counted now: it is time to let others go on."""
        self.pieces.append(piece)
        self.characters += len(piece) + 1
        if self.characters < SLICE:
            return False
        self.close()
        return True

    def close(self) -> None:
        encoded = "\n".join(self.pieces).encode("utf-8", "replace")
        self.tokens += int(o200k().count(encoded.decode()))
        self.bytes += len(encoded)
        self.pieces, self.characters = [], 0


# What an estimated bill is made of; the audit makes it again (audit.py).


def likely_prompt(*, o200k: int, messages: int, media: int, percent: int, most: int, hidden: int = 0) -> int:
    """The likely, not the highest, count of a prompt whose provider reported nothing."""
    return min(most, raised(o200k, percent) + LIKELY_MESSAGE_TOKENS * (messages + 1) + media + hidden)


def likely_of_makers(kinds: Iterable[str]) -> int:
    """What a maker puts before a prompt for its own tools, `bash_20250124` or the like."""
    shown = [LIKELY_MAKERS_TOOLS.get(kind.rpartition("_")[0], LIKELY_MAKERS_TOOL_TOKENS) for kind in kinds]
    return LIKELY_TOOLS_TOKENS + sum(shown) if shown else 0


def likely_output(*, o200k: int, percent: int, reported: int, hidden: int = 0) -> int:
    """Output tokens of what we saw and of what was made unseen; never less than a provider's placeholder."""
    return max(reported, (o200k * percent // 100 + 1 if o200k else 0) + hidden)


def raised(o200k: int, percent: int) -> int:
    return -(-o200k * percent // 100)
