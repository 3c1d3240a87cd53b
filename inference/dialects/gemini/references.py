"""`$ref` and `allOf`: what a schema says by pointing elsewhere.

Gemini reads references to `$defs` and nothing else, and a schema may come back to itself only through a property that
is not required (https://ai.google.dev/api/caching#Schema). So a definition that must contain itself, and whatever
stands elsewhere, is written out where it is used, a few levels deep.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any
from urllib.parse import unquote

from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest

Schema = dict[str, Any]

DEFINITIONS = ("$defs", "definitions")
SCHEMAS_IN = ("items", "additionalProperties")
LISTS_IN = ("items", "prefixItems", "anyOf", "oneOf", "allOf")


@dataclass(slots=True)
class References:
    """Of one document. `param` is its place in the request, for the caller."""

    root: Schema
    param: str
    budget: Budget
    definitions: Schema = field(init=False)
    unrolled: set[str] = field(init=False)

    def __post_init__(self) -> None:
        named = [self.root[place] for place in DEFINITIONS if isinstance(self.root.get(place), dict)]
        self.definitions = {name: node for definitions in named for name, node in definitions.items()}
        self.unrolled = cyclic({name: set(self.demanded(node)) for name, node in self.definitions.items()})

    def rejected(self, why: str) -> InvalidRequest:
        return InvalidRequest(f"{self.param}: {why}.", param=self.param, code="unsupported_value")

    def spend(self, schemas: int) -> None:
        self.budget.spend(schemas, self.param)

    def written_out(self, pointer: Any) -> Schema:
        """The target of a pointer, for a copy of it."""
        target = self.target(pointer)
        self.budget.write_out(target, self.param)
        return target

    def definition(self, pointer: Any) -> str | None:
        """The name behind `#/$defs/Name`, where it may be pointed at as it is."""
        steps = self.steps(pointer)
        is_definition = len(steps) == 2 and steps[0] in DEFINITIONS and steps[1] in self.definitions
        return steps[1] if is_definition and steps[1] not in self.unrolled else None

    def steps(self, pointer: Any) -> list[str]:
        if not isinstance(pointer, str) or not pointer.startswith("#"):
            raise self.rejected(f"the reference {str(pointer)[:100]!r} leads out of the schema")
        return [unquote(step).replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")[1:]]

    def target(self, pointer: Any) -> Schema:
        found: Any = self.root
        for step in self.steps(pointer):
            if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                found = found.get(step) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            raise self.rejected(f"the reference {str(pointer)[:100]!r} leads nowhere")
        return found

    def demanded(self, node: Any) -> Iterator[str]:
        """The definitions a schema cannot do without: all it points to, except through properties it need not have."""
        waiting = [node]
        while waiting:
            inner = waiting.pop()
            if not isinstance(inner, dict):
                continue
            if isinstance(pointer := inner.get("$ref"), str) and pointer.startswith("#"):
                yield from self.steps(pointer)[1:2]
            properties, required = inner.get("properties"), inner.get("required")
            if isinstance(properties, dict) and isinstance(required, list):
                names = dict.fromkeys(name for name in required if isinstance(name, str))
                waiting += [properties[name] for name in names if name in properties]
            waiting += [inner[keyword] for keyword in SCHEMAS_IN if keyword in inner]
            waiting += [each for keyword in LISTS_IN if isinstance(inner.get(keyword), list) for each in inner[keyword]]


def cyclic(demands: dict[str, set[str]]) -> set[str]:
    """Those on a way from a cycle to a cycle."""
    demanded_by: dict[str, set[str]] = {}
    for name, wanted in demands.items():
        for other in wanted:
            demanded_by.setdefault(other, set()).add(name)
    return blocked(demands) & blocked(demanded_by)


def blocked(graph: dict[str, set[str]]) -> set[str]:
    """What cannot be put in order: on a cycle, or behind one."""
    sorter = TopologicalSorter(graph)
    with suppress(CycleError):
        sorter.prepare()
    placed: set[str] = set()
    while ready := sorter.get_ready():
        placed.update(ready)
        sorter.done(*ready)
    return graph.keys() - placed


def merged(*branches: Schema) -> Schema:
    """The branches of an `allOf` as one schema; where several speak, the later one is heard.

    What is collected is copied once and added to: a new copy for each branch would cost by the square of their number.
    """
    whole: Schema = {}
    for branch in branches:
        properties, required = whole.get("properties"), whole.get("required")
        whole.update(branch)
        if isinstance(properties, dict) and isinstance(branch.get("properties"), dict):
            properties.update(branch["properties"])
            whole["properties"] = properties
        elif isinstance(branch.get("properties"), dict):
            whole["properties"] = dict(branch["properties"])
        if isinstance(required, list) and isinstance(branch.get("required"), list):
            required += branch["required"]
            whole["required"] = required
        elif isinstance(branch.get("required"), list):
            whole["required"] = list(branch["required"])
    return whole


def without(given: Schema, keyword: str) -> Schema:
    return {name: value for name, value in given.items() if name != keyword}
