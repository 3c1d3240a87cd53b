"""Names of tools, which MCP lets be longer and freer (`fs.read`, 128 characters) than most providers take: what is sent
in their place, and back again for the caller.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from re import Pattern

from inference.chat.messages import Message
from inference.chat.request import ChatRequest

FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")  # to all but Google
DIGITS = 8  # of the hash that tells apart what begins alike


def fitted(name: str, longest: int, foreign: Pattern[str] = FOREIGN) -> str:
    """Made from the name alone, so that it stays the same from request to request, and the provider's cache with it."""
    clean = foreign.sub("_", name) or "_"
    if len(clean) <= longest:
        return clean
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:DIGITS]
    return f"{clean[: longest - DIGITS - 1]}_{digest}"


def sent(request: ChatRequest, fit: Callable[[str], str], longest: int) -> dict[str, str]:
    """The caller's name → the one the provider takes, for those that have to change. No two meet in one."""
    names = dict.fromkeys([*declared(request), *called(request.messages)])
    taken, changed = set(names), dict[str, str]()
    ends: dict[str, int] = {}  # a name as it fits → the number the last of those that look alike ends with
    for name in names:
        if (found := fit(name)) != name:
            wanted = found
            while found in taken:
                ends[wanted] = ends.get(wanted, 0) + 1
                end = f"_{ends[wanted]}"
                found = wanted[: longest - len(end)] + end
            taken.add(found)
            changed[name] = found
    return changed


def back(request: ChatRequest, changed: dict[str, str]) -> dict[str, str]:
    """The name as sent → the caller's. What only the history calls is not called again."""
    return {changed[name]: name for name in declared(request) if name in changed}


def declared(request: ChatRequest) -> Iterable[str]:
    return (tool.function.name for tool in request.tools or ())


def called(messages: list[Message]) -> Iterable[str]:
    """Names in the history are not the caller's doing: another provider's model, or a model's own fancy, made them."""
    return (call.function.name for message in messages for call in message.calls)
