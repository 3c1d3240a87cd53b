"""The ids of a reply's tool calls: each its own, so that the answers to them can be told apart in the next request."""

import secrets
import string
from dataclasses import dataclass, field
from typing import Any

LETTERS = string.ascii_letters + string.digits


def made_id() -> str:
    return "call_" + "".join(secrets.choice(LETTERS) for _ in range(24))


@dataclass(slots=True)
class CallIds:
    """Of one choice. Some models give two parallel calls the same id, some none."""

    given: set[str] = field(default_factory=set)

    def take(self, said: Any) -> str:
        """The provider's own id, where it gives one and not twice the same."""
        call_id = said if isinstance(said, str) and said and said not in self.given else made_id()
        self.given.add(call_id)
        return call_id
