"""What another provider's model must get back, in a field that a caller's format has for its own provider's.

Claude signs its thinking and OpenAI seals its reasoning, and callers carry both back unread. What Gemini signs and
OpenAI seals for a caller of the other format goes the same way, under a name of ours; nothing in it is secret, and what
comes back is read like anything else a caller sends.
"""

import base64
from collections.abc import Mapping
from typing import Any

from inference.chat.budget import Budget
from inference.chat.encoding import dumps

PREFIX = "cnwy1."


def seal(kept: Mapping[str, Any]) -> str:
    return PREFIX + base64.urlsafe_b64encode(dumps(kept).encode()).decode().rstrip("=")


def is_ours(text: Any) -> bool:
    return isinstance(text, str) and text.startswith(PREFIX)


def unseal(text: str, budget: Budget, carried: dict[str, Any]) -> list[dict[str, Any]]:
    """Claude's thinking in it; the rest is added to what its message has `carried`. Nothing of what is broken, or was
    never sealed here. Raises `TooMuchHere`.
    """
    encoded = text.removeprefix(PREFIX)
    try:
        kept = budget.nested(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    except ValueError:
        return []
    if not isinstance(kept, dict):
        return []
    blocks, calls = kept.pop("blocks", None), kept.pop("calls", None)
    carried |= kept
    if isinstance(calls, dict):
        carried.setdefault("calls", {}).update(calls)
    return [block for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []


def give_back(carried: dict[str, Any], calls: list[dict[str, Any]]) -> None:
    """Gives each call what was sealed beside it."""
    kept = carried.pop("calls", {})
    for call in calls:
        if isinstance(extra := kept.get(call["id"]), dict):
            call["extra_content"] = extra
