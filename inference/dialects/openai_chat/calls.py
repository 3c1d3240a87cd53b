"""Tool calls, whole in a reply and in fragments in a stream (docs/providers/)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.chat.provider_error import BAD_RESPONSE, ProviderError
from inference.dialects.call_ids import CallIds
from inference.dialects.untrusted_json import asks_nothing, mapping, number, objects
from inference.dialects.untrusted_json import string as text

# What a call says to its tool, by the kind of tool.
ASKED = {"function": "arguments", "custom": "input"}

Body = dict[str, Any]
Names = Mapping[str, str]


def whole(message: Mapping[str, Any], names: Names) -> list[Body]:
    """The calls of a JSON reply. A stub that neither names a tool nor asks anything is none; `ProviderError` where
    something is asked of no tool.
    """
    ids = CallIds()
    return [call for fragment in fragments(message) if (call := whole_call(fragment, names, ids)) is not None]


def whole_call(call: Body, names: Names, ids: CallIds) -> Body | None:
    kind = kind_of(call)
    function = mapping(call.get(kind))
    name, argument = text(function.get("name")), written(function.get(ASKED[kind]))
    if not name:
        if not asks_nothing(argument):
            raise ProviderError(BAD_RESPONSE, said="A tool call without a name.")
        return None
    argument = argument or ("{}" if kind == "function" else "")
    return {"id": ids.take(call.get("id")), "type": kind, kind: {"name": names.get(name, name), ASKED[kind]: argument}}


def fragments(message: Mapping[str, Any]) -> list[Body]:
    """`function_call`, as OpenAI wrote it until 2023, is a tool call too."""
    if calls := objects(message.get("tool_calls")):
        return calls
    return (
        [{"index": 0, "function": message["function_call"]}] if isinstance(message.get("function_call"), dict) else []
    )


def kind_of(call: Body) -> str:
    return "custom" if isinstance(call.get("custom"), dict) else "function"


def written(arguments: Any) -> str:
    """Arguments as text: some servers send the object itself."""
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))


def is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


@dataclass(slots=True)
class Call:
    """One call of a stream. `given` is the provider's id, `id` what the caller knows it by; `held`: what was asked
    before its name was known.
    """

    number: int
    given: str | None
    id: str
    kind: str = "function"
    is_named: bool = False
    held: str = ""
    asked: list[str] = field(default_factory=list)

    def start(self, name: str) -> Body:
        self.is_named = True
        return {"index": self.number, "id": self.id, "type": self.kind, self.kind: {"name": name, ASKED[self.kind]: ""}}

    def ends_before(self, text: str) -> bool:
        """Whether what is asked now can only belong to another call: it comes behind a whole JSON object."""
        return bool(self.asked and text.strip()) and self.kind == "function" and is_object("".join(self.asked))

    def ask(self, text: str) -> Body:
        self.asked.append(text)
        return {"index": self.number, self.kind: {ASKED[self.kind]: text}}


@dataclass(slots=True)
class Calls:
    """The calls of one choice, numbered from 0 whatever the provider numbers them by."""

    names: Names
    all: list[Call] = field(default_factory=list)
    ids: CallIds = field(default_factory=CallIds)
    at: dict[int, Call] = field(default_factory=dict)  # the provider's index → the call last begun there

    def add(self, fragment: Body) -> list[Body]:
        """Pieces of `delta.tool_calls`: the start of a call once, then what it asks."""
        kind = kind_of(fragment)
        function = mapping(fragment.get(kind))
        name, argument = text(function.get("name")), written(function.get(ASKED[kind]))
        call = self.find(fragment, kind, name, argument)
        pieces = []
        if name and not call.is_named:
            pieces.append(call.start(self.names.get(name, name)))
            argument = call.held + argument
        elif not call.is_named:
            call.held, argument = call.held + argument, ""
        if argument:
            pieces.append(call.ask(argument))
        return pieces

    def find(self, fragment: Body, kind: str, name: str | None, argument: str) -> Call:
        """The call a fragment belongs to. Qwen repeats empty ids and names; some servers give every parallel call
        the index 0, the same id, every fragment a new id, or no index at all."""
        call_id = text(fragment.get("id"))
        index = number(fragment.get("index"))
        if index is None:
            same = (call.number for call in reversed(self.all) if (call.given == call_id if call_id else not name))
            index = next(same, len(self.all))
        call = self.at.get(index)
        if call is None or (
            name and call.is_named and (call_id not in (None, "", call.given) or call.ends_before(argument))
        ):
            call = self.at[index] = Call(len(self.all), call_id, self.ids.take(call_id), kind)
            self.all.append(call)
        return call

    def close(self) -> list[Body]:
        """A call that asked nothing asks `{}`, which every client can parse. Raises `ProviderError` for one
        without a name.
        """
        if any(not call.is_named and not asks_nothing(call.held) for call in self.all):
            raise ProviderError(BAD_RESPONSE, said="A tool call without a name.")
        silent = [call for call in self.all if call.is_named and not call.asked]
        return [call.ask("{}") for call in silent if call.kind == "function"]
