"""`$ref` and `allOf`: what a schema says by pointing elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from inference.chat.invalid_request import InvalidRequest

Schema = dict[str, Any]

DEEPEST = 50
FIRST_WINS = ("description", "title", "default", "examples", "additionalProperties")
MERGED_BY_NAME = ("properties", "$defs", "definitions")


@dataclass(frozen=True, slots=True)
class References:
    """`param` is the place of the schema in the request, for the caller."""

    root: Schema
    param: str

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
            node = {**self.target(reference), **{name: value for name, value in node.items() if name != "$ref"}}
        return node

    def target(self, reference: str) -> Schema:
        found: Any = self.root
        for step in reference.removeprefix("#").split("/")[1:]:
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        if not reference.startswith("#") or not isinstance(found, dict):
            raise self.rejected(f"the reference '{reference[:100]}' leads nowhere inside the schema")
        return found

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


def merged(node: Schema, references: References, depth: int = 0) -> Schema:
    """`allOf` as one schema where its branches do not contradict each other; else as it was."""
    branches = node.get("allOf")
    if not isinstance(branches, list):
        return node
    if depth > DEEPEST:
        raise references.recursive()
    whole = {name: value for name, value in node.items() if name != "allOf"}
    for branch in branches:
        if not isinstance(branch, dict):
            return node
        if not combine(whole, merged(references.inlined(branch), references, depth + 1)):
            return node
    return whole


def combine(whole: Schema, branch: Schema) -> bool:
    """Adds a branch of `allOf`; False where the two say different things with the same keyword."""
    for keyword, value in branch.items():
        here = whole.setdefault(keyword, value)
        if here == value or keyword in FIRST_WINS:
            continue
        if keyword == "required" and isinstance(here, list) and isinstance(value, list):
            whole[keyword] = here + [name for name in value if name not in here]
        elif keyword in MERGED_BY_NAME and isinstance(here, dict) and isinstance(value, dict) and agree(here, value):
            whole[keyword] = {**here, **value}
        else:
            return False
    return True


def agree(one: Schema, other: Schema) -> bool:
    return all(one[name] == other[name] for name in one.keys() & other.keys())
