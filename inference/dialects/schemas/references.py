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

MOST_FOLLOWED = 256  # references that lead to each other in a row
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

    def inlined(self, node: Schema) -> Schema:
        """The schema that a reference at the top stands for, with the definitions and words around it."""
        seen: set[str] = set()
        while isinstance(reference := node.get("$ref"), str):
            if reference in seen:
                raise self.recursive()
            seen.add(reference)
            node = {**self.written_out(reference), **without(node, "$ref")}
        return node

    def refuse_recursion(self, schema: Schema) -> None:
        """Each value is looked at once, and is open until all inside it and behind its reference is."""
        is_open: dict[int, bool] = {}
        followed = 0
        waiting: list[tuple[Any, bool, bool]] = [(schema, False, False)]  # a value, by reference, and whether it ends
        while waiting:
            node, by_reference, ends = waiting.pop()
            if ends:
                is_open[id(node)] = False
                followed -= by_reference
            elif is_open.get(id(node)):
                raise self.recursive()
            elif id(node) not in is_open:
                is_open[id(node)] = True
                followed += by_reference
                if followed > MOST_FOLLOWED:
                    raise self.rejected("the schema is nested too deeply")
                waiting.append((node, by_reference, True))
                children = node.values() if isinstance(node, dict) else node
                waiting += [(child, False, False) for child in reversed(children) if isinstance(child, dict | list)]
                if isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
                    waiting.append((self.target(reference), True, False))

    def recursive(self) -> InvalidRequest:
        return self.rejected("recursive schemas are not supported by this model")

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


def without(schema: Schema, keyword: str) -> Schema:
    return {name: value for name, value in schema.items() if name != keyword}
