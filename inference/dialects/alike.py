"""The commonest event of a stream: a piece of text, and around it the very characters of the event before.

What stands between the same characters can only be what stood there before: nothing needs to be parsed, and nothing
else can have changed. Where a provider counts its events, or pads them, another count or other padding may stand. An
event that differs anywhere else goes the long way, and what was learned is forgotten: whatever else an event does, the
event before has just done it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile
from typing import Any

from pydantic_core import from_json

from inference.chat.reply import Delta

# Of a JSON string: what needs no mending (untrusted_json.py), so no half of a character and no NUL.
TEXT = re.compile(r'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u(?!0000|[dD][89a-fA-F])[0-9a-fA-F]{4})*+')
UNESCAPED = re.compile(rb'[^"\\\x00-\x1f]+')  # what needs no reading at all
NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,14})(?![0-9.eE])")
CLOSING = re.compile(r'"?[ \]}]+')  # nothing but the ends of what is open, with or without spaces
MISSES = 8  # events learned in a row that the next was never like: this provider's never are

Match = Callable[[str, int], "re.Match[str] | None"]
# What the event comes to, by the translator, the text, and what stands in the other places. It keeps no translator: one
# that held itself so would hold the whole request, until the collector comes.
GoOn = Callable[[Any, str, Sequence[str]], list[Delta]]


@dataclass(slots=True)
class Alike:
    """Of one stream. `places`: what may differ, each behind its fixed characters, and how many these are; `behind`
    follows the last. `others`: the names of the fields besides the text, in the order they stand in.
    """

    places: list[tuple[str, int, Match]] = field(default_factory=list)
    behind: str = ""
    is_padded: bool = False
    text_at: int = 0
    others: list[str] = field(default_factory=list)
    go_on: GoOn | None = None
    misses: int = 0
    # Of an event in which nothing but the text may differ, what stands around that in the stream.
    begin: bytes = b""
    end: bytes = b""

    def run(self, read: bytes, start: int) -> tuple[list[str], int]:
        """The texts of the events from `start` on that are like the one before, and where the first one begins that is
        not, is not all here, or has a text with an escape."""
        begin, end = self.begin, self.end
        if self.go_on is None or not begin or not read.startswith(begin, start):
            return [], start
        pieces = read[start + len(begin) :].split(end + begin)
        pieces[-1], whole, _ = pieces[-1].partition(end)
        if not whole:
            pieces.pop()
        if not all(map(UNESCAPED.fullmatch, pieces)):
            pieces = list(takewhile(UNESCAPED.fullmatch, pieces))
        try:
            texts = b"\n".join(pieces).decode().split("\n") if pieces else []
        except UnicodeDecodeError:
            return [], start
        if texts:
            self.misses = 0
        return texts, start + sum(map(len, pieces)) + len(pieces) * (len(begin) + len(end))

    def deltas(self, translator: Any, data: str) -> list[Delta] | None:
        """None where `data` is not the event before with another text in it."""
        if (go_on := self.go_on) is None:
            return None
        at, values = 0, []
        for fixed, length, match in self.places:
            if not data.startswith(fixed, at) or (found := match(data, at + length)) is None:
                break
            values.append(found[0])
            at = found.end()
        else:
            behind = data[at:]
            if behind == self.behind or (self.is_padded and behind.replace(" ", "") == self.behind):
                self.misses = 0
                text = values.pop(self.text_at)
                return go_on(translator, from_json(f'"{text}"') if "\\" in text else text, values)
        self.go_on = None
        return None

    def learn(self, data: str, name: str, text: Any, go_on: GoOn, others: Sequence[str] = ()) -> None:
        """From an event that told `text` in its field of that name. `others`: fields that may differ too, if it has
        them. Whoever calls has seen that the event told once more would add nothing but the text.
        """
        self.go_on = None
        # With escapes, what looks like the name of a field could be a part of a text.
        if self.misses >= MISSES or "\\" in data or text.__class__ is not str:
            return
        found = {each: begins(each).findall(data) for each in (name, *others)}
        if len(found[name]) != 1 or any(len(several) > 1 for several in found.values()):
            return
        starts = sorted((data.index(one[0]) + len(one[0]), each) for each, one in found.items() if one)
        places, at = list[tuple[str, int, Match]](), 0
        for start, each in starts:
            pattern = TEXT if data[start - 1] == '"' else NUMBER
            if (held := pattern.match(data, start)) is None or (each == name and held[0] != text):
                return
            places.append((data[at:start], start - at, pattern.match))
            at = held.end()
        self.places, self.behind = places, data[at:]
        self.begin = b"data: " + places[0][0].encode() if len(places) == 1 and places[0][2] == TEXT.match else b""
        self.end = self.behind.encode() + b"\n\n"
        self.others = [each for _, each in starts if each != name]
        self.text_at = [each for _, each in starts].index(name)
        if CLOSING.fullmatch(self.behind):
            self.is_padded, self.behind = True, self.behind.replace(" ", "")
        else:
            self.is_padded = False
        self.go_on = go_on
        self.misses += 1


@cache
def begins(name: str) -> "re.Pattern[str]":
    """Where the value of a field begins; a string's behind its quote."""
    return re.compile(rf'"{re.escape(name)}"\s*:\s*"?')
