"""`$ref`: what a schema says by pointing elsewhere.

Gemini reads references to `$defs` and nothing else, and a schema may come back to itself only through a property that
is not required (https://ai.google.dev/api/caching#Schema). So a definition that must contain itself, and whatever
stands elsewhere, is written out where it is used, a few levels deep.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any
from urllib.parse import unquote

from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest

Schema = dict[str, Any]

DEFINITIONS = ("$defs", "definitions")
SCHEMAS_IN = ("items", "additionalProperties")
LISTS_IN = ("items", "prefixItems", "anyOf", "oneOf", "allOf")


@dataclass
class References:
    """Of one document. `param` is its place in the request, for the caller."""

    root: Schema
    param: str
    budget: Budget

    @cached_property
    def definitions(self) -> Schema:
        named = [self.root[place] for place in DEFINITIONS if isinstance(self.root.get(place), dict)]
        return {name: node for definitions in named for name, node in definitions.items()}

    @cached_property
    def unrolled(self) -> set[str]:
        return cyclic({name: set(self.demanded(node)) for name, node in self.definitions.items()})

    def rejected(self, why: str) -> InvalidRequest:
        return InvalidRequest(f"{self.param}: {why}.", param=self.param, code="unsupported_value")

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

    def inlined(self, node: Schema) -> Schema:
        """The schema that a reference at the top stands for, with the definitions and words around it."""
        seen: set[str] = set()
        while isinstance(reference := node.get("$ref"), str):
            if reference in seen:
                raise self.recursive()
            seen.add(reference)
            node = {**self.target(reference), **without(node, "$ref")}
        return node

    def refuse_recursion(self, node: Any, open_: tuple[str, ...] = (), done: set[str] | None = None) -> None:
        done = set() if done is None else done
        if isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
            if reference in open_:
                raise self.recursive()
            if reference not in done:
                self.refuse_recursion(self.target(reference), (*open_, reference), done)
                done.add(reference)
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            self.refuse_recursion(child, open_, done)

    def recursive(self) -> InvalidRequest:
        return self.rejected("recursive schemas are not supported by this model")

    def demanded(self, node: Any) -> Iterator[str]:
        """The definitions a schema cannot do without: all it points to, except through properties it need not have."""
        if not isinstance(node, dict):
            return
        if isinstance(pointer := node.get("$ref"), str) and pointer.startswith("#"):
            yield from self.steps(pointer)[1:2]
        properties, required = node.get("properties"), node.get("required")
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            if isinstance(required, list) and name in required:
                yield from self.demanded(inner)
        for keyword in SCHEMAS_IN:
            yield from self.demanded(node.get(keyword))
        for keyword in LISTS_IN:
            for inner in node[keyword] if isinstance(node.get(keyword), list) else ():
                yield from self.demanded(inner)


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


def without(given: Schema, keyword: str) -> Schema:
    return {name: value for name, value in given.items() if name != keyword}
