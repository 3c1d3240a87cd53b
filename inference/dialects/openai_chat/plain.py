"""The commonest chunk of a stream: a piece of text, and around it the very characters of the chunk before.

What stands between the same characters can only be the text: nothing needs to be parsed, and nothing else can have
changed. What differs in a single character, or holds a quote or an escape, goes the long way.
"""

import re
from dataclasses import dataclass

from inference.chat.reply import Delta

CONTENT = re.compile(r'"content"\s*:\s*"')
UNESCAPED = re.compile(r'[^"\\\x00-\x1f]+')
MISSES = 8  # plain chunks that are all different around their text: this provider's always are


@dataclass(slots=True)
class Envelope:
    """What stood around the text of the last plain chunk."""

    before: str = ""
    behind: str = ""
    index: int = 0
    misses: int = 0

    def text(self, data: str) -> str | None:
        """None where `data` is not that envelope with another text in it."""
        before, behind = self.before, self.behind
        if not (before and data.startswith(before) and data.endswith(behind)):
            return None
        found = UNESCAPED.fullmatch(data, len(before), len(data) - len(behind))
        return found and found[0]

    def learn(self, data: str, deltas: list[Delta]) -> None:
        """From a chunk that came to `deltas` and to nothing else."""
        if self.misses >= MISSES or len(deltas) != 1 or len(deltas[0].fields) != 1 or deltas[0].logprobs is not None:
            return
        text = deltas[0].fields.get("content")
        places = [found.end() for found in CONTENT.finditer(data)]
        if text.__class__ is not str or len(places) != 1:
            return
        before, behind = data[: places[0]], data[places[0] + len(text) :]
        # With an escape before it, a name that only looks like the content's could stand here.
        if "\\" not in before and behind.startswith('"') and data.startswith(text, places[0]):
            self.before, self.behind, self.index = before, behind, deltas[0].index
            self.misses += 1
