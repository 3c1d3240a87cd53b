"""Function calls, which come whole; on Vertex also in pieces, value by value at a JSON path
(docs/providers/gemini.md).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from inference.chat.provider_error import BAD_RESPONSE, ProviderError
from inference.chat.reply import Delta
from inference.dialects import untrusted_json
from inference.dialects.call_ids import CallIds
from inference.dialects.gemini import signatures

STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,6})\]|\[(?:'([^']*)'|"([^"]*)")\]""")
VALUES = ("stringValue", "numberValue", "boolValue")  # none of them: null


@dataclass(slots=True)
class Call:
    name: str
    id: str
    signature: str | None
    args: Any = field(default_factory=dict)

    def deltas(self, index: int) -> list[Delta]:
        start: dict[str, Any] = {"index": index, "id": self.id, "type": "function"}
        if self.signature:
            start["extra_content"] = signatures.carried(self.signature)
        start["function"] = {"name": self.name, "arguments": ""}
        arguments = json.dumps(self.args, ensure_ascii=False, separators=(",", ":"))
        fragment = {"index": index, "function": {"arguments": arguments}}
        return [Delta({"tool_calls": [start]}), Delta({"tool_calls": [fragment]})]


@dataclass(slots=True)
class Calls:
    """Of one candidate. `names`: ours for a function → the caller's. Callers who want one call at a time get one."""

    names: Mapping[str, str]
    only_one: bool
    count: int = 0
    ids: CallIds = field(default_factory=CallIds)
    growing: Call | None = None

    def take(self, call: dict[str, Any], signature: str | None) -> list[Delta]:
        if call.get("name") is not None:
            return self.begin(call, signature)
        if self.growing is None:
            return []  # the empty farewell of a call that was whole
        grow(self.growing, call.get("partialArgs"))
        return [] if call.get("willContinue") else self.finish()

    def begin(self, call: dict[str, Any], signature: str | None) -> list[Delta]:
        name, args = untrusted_json.string(call["name"]), call.get("args")
        if not name and (args or call.get("partialArgs")):
            raise ProviderError(BAD_RESPONSE, "a function call without a name")
        if not name:
            return []  # a stub that asks nothing
        before = self.finish()
        self.growing = Call(
            self.names.get(name, name), self.ids.take(call.get("id")), signature, {} if args is None else args
        )
        grow(self.growing, call.get("partialArgs"))
        return before if call.get("willContinue") else before + self.finish()

    def finish(self) -> list[Delta]:
        call, self.growing = self.growing, None
        if call is None or (self.only_one and self.count):
            return []
        self.count += 1
        return call.deltas(self.count - 1)


def grow(call: Call, pieces: Any) -> None:
    for piece in untrusted_json.objects(pieces):
        put(call, steps(piece.get("jsonPath")), next((piece[kind] for kind in VALUES if kind in piece), None))


def steps(path: Any) -> list[str | int]:
    """`$.recipe.steps[0]` → recipe, steps, 0."""
    text = untrusted_json.string(path) or ""
    found = list(STEP.finditer(text))
    if text[:1] != "$" or not found or sum(len(step[0]) for step in found) != len(text) - 1:
        raise ProviderError(BAD_RESPONSE, f"arguments at the path {text[:100]!r}")
    return [int(step[2]) if step[2] else next(name for name in step.groups() if name is not None) for step in found]


def put(call: Call, path: list[str | int], value: Any) -> None:
    """Texts come in pieces and add up; anything else comes once."""
    held: Any = call.args
    for step, following in pairwise(path):
        held = room(held, step, [] if isinstance(following, int) else {})
    before = room(held, path[-1], None)
    held[path[-1]] = before + value if isinstance(before, str) and isinstance(value, str) else value


def room(held: Any, step: str | int, empty: Any) -> Any:
    """What is at a step, made where there is nothing yet."""
    if isinstance(held, dict) and isinstance(step, str):
        return held.setdefault(step, empty)
    if isinstance(held, list) and isinstance(step, int) and step <= len(held):
        if step == len(held):
            held.append(empty)
        return held[step]
    raise ProviderError(BAD_RESPONSE, "arguments that do not fit together")
