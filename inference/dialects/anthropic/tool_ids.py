"""Call ids and names that Claude takes: `^[a-zA-Z0-9_-]+$`, and no id twice in a conversation.

Other models write ids like `functions.get_weather:0`, and some count from 0 again at every turn.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from inference.dialects.tool_names import fitted

REFUSED = re.compile(r"[^a-zA-Z0-9_-]")
LONGEST_NAME = 128


@dataclass(slots=True)
class ToolIds:
    """Of one conversation; `names` maps the caller's names to those sent, `turn` the ids of the latest assistant
    message.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    turn: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)  # id wanted before → the number it was last given

    def begin(self) -> None:
        self.turn = {}

    def take(self, given: str) -> str:
        wanted = sent = tool_id(given)
        number = self.counts.get(wanted, 1)
        while sent in self.used:
            number += 1
            sent = f"{wanted}-{number}"
        self.counts[wanted] = number
        self.used.add(sent)
        self.turn[given] = sent
        return sent

    def name(self, given: str) -> str:
        return self.names.get(given, given)

    def answered(self, given: str) -> str:
        return self.turn.get(given) or tool_id(given)


def tool_id(given: str) -> str:
    clean = REFUSED.sub("_", given)
    if clean and clean == given:
        return given
    return f"{clean}-{hashlib.sha1(given.encode('utf-8', 'replace'), usedforsecurity=False).hexdigest()[:6]}"


def tool_name(given: str) -> str:
    return fitted(given, LONGEST_NAME)
