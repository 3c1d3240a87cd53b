"""Google reads every field under two names, `thinkingBudget` and `thinking_budget`, its own SDK mixes them, and null is
the same as absent. One pass makes them all the first."""

import re
from typing import Any

OPAQUE = {
    "args",
    "response",
    "parameters",
    "parametersJsonSchema",
    "responseSchema",
    "responseJsonSchema",
}  # the caller's own names inside


def camelled(value: Any) -> Any:
    if isinstance(value, list):
        return [camelled(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = {camel(name): item for name, item in value.items() if item is not None}
    return {name: item if name in OPAQUE else camelled(item) for name, item in named.items()}


def camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
