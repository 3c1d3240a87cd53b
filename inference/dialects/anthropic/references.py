"""`$ref` and `allOf`: what a schema says by pointing elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest

Schema = dict[str, Any]

DEEPEST = 50
MOST_FOLLOWED = 256  # references that lead to each other in a row
FIRST_WINS = ("description", "title", "default", "examples", "additionalProperties")
MERGED_BY_NAME = ("properties", "$defs", "definitions")


@dataclass(frozen=True, slots=True)
class References:
    """`param` is the place of the schema in the request, for the caller."""

    root: Schema
    param: str
    budget: Budget

    def rejected(self, why: str) -> InvalidRequest:
        return InvalidRequest(f"{self.param}: {why}.", param=self.param, code="unsupported_value")

    def named(self, schemas: Any) -> Iterable[tuple[str, Any]]:
        if not isinstance(schemas, dict):
            raise self.rejected("properties and definitions must be objects")
        return schemas.items()

    def inlined(self, node: Schema) -> Schema:
        """The schema that a reference at the top stands for, with the definitions and words around it."""
        seen: set[str] = set()
        while isinstance(reference := node.get("$ref"), str):
            if reference in seen:
                raise self.recursive()
            seen.add(reference)
            target = self.target(reference)
            self.budget.write_out(target, self.param)
            node = {**target, **{name: value for name, value in node.items() if name != "$ref"}}
        return node

    def target(self, reference: str) -> Schema:
        found: Any = self.root
        for step in reference.removeprefix("#").split("/")[1:]:
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        if not reference.startswith("#") or not isinstance(found, dict):
            raise self.rejected(f"the reference '{reference[:100]}' leads nowhere inside the schema")
        return found

    def refuse_recursion(self, given: Schema) -> None:
        """Each value is looked at once, and is open until all inside it and behind its reference is."""
        is_open: dict[int, bool] = {}
        followed = 0
        waiting: list[tuple[Any, bool, bool]] = [(given, False, False)]  # a value, by reference, and whether it ends
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


def merged(node: Schema, references: References, depth: int = 0) -> Schema:
    """`allOf` as one schema where its branches do not contradict each other; else as it was."""
    branches = node.get("allOf")
    if not isinstance(branches, list):
        return node
    if depth > DEEPEST:
        raise references.recursive()
    whole = {name: value for name, value in node.items() if name != "allOf"}
    own: set[str] = set()
    for branch in branches:
        references.budget.spend(1, references.param)
        if not isinstance(branch, dict):
            return node
        if not combine(whole, merged(references.inlined(branch), references, depth + 1), own):
            return node
    return {k: list(v) if k == "required" and k in own else v for k, v in whole.items()}


def combine(whole: Schema, branch: Schema, own: set[str]) -> bool:
    """Adds a branch of `allOf`; False where the two say different things with the same keyword.

    `own`: the keywords of `whole` whose value is a copy of ours, to which the next branch is added; a new copy for each
    branch would cost by the square of their number. `required` is the keys of a dict there.
    """
    for keyword, value in branch.items():
        here: Any = whole.setdefault(keyword, value)
        if here is value or keyword in FIRST_WINS:
            continue
        if keyword == "required" and is_names(value) and (keyword in own or is_names(here)):
            whole[keyword] = here = here if keyword in own else dict.fromkeys(here)
            here.update(dict.fromkeys(value))
        elif keyword in MERGED_BY_NAME and isinstance(here, dict) and isinstance(value, dict) and agree(here, value):
            whole[keyword] = here = here if keyword in own else dict(here)
            here.update(value)
        elif here == value:
            continue
        else:
            return False
        own.add(keyword)
    return True


def is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def agree(one: Schema, other: Schema) -> bool:
    return all(name not in one or one[name] == value for name, value in other.items())
