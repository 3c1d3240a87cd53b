"""The part of JSON Schema that Gemini reads (docs/providers/gemini.md).

The rest is left out, since each other keyword is a 400, and what bounds a value is told in words instead.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest
from inference.dialects.gemini.bounds import WORDS, describe, fitted, in_words, modern
from inference.dialects.gemini.references import References, Schema, merged, without

TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
OPEN: Schema = {"type": "object"}
DEEPEST = 5  # levels of a schema that contains itself
MOST_WRITTEN_OUT = 5_000  # schemas in place of references: a small one could grow without end

BESIDE_REFERENCE = ("properties", "required", "items", "enum", "anyOf", "oneOf")


def parameters(given: Schema | None, *, param: str, budget: Budget | None = None) -> Schema | None:
    """Of a function: always an object; None where it takes nothing. Raises `InvalidRequest`."""
    cleaned = clean(given or OPEN, param=param, budget=budget)
    kind = cleaned.setdefault("type", "object")
    if kind != "object":
        if not (isinstance(kind, list) and "object" in kind):
            raise References({}, param, Budget()).rejected("the parameters must be an object")
        cleaned["type"] = "object"
    is_closed = not cleaned.get("additionalProperties")
    return None if is_closed and cleaned.keys() <= {"type", "title", "description", "additionalProperties"} else cleaned


def clean(given: Schema, *, param: str, budget: Budget | None = None) -> Schema:
    """Raises `InvalidRequest` for what has no meaning here."""
    try:
        return Cleaning(References(given, param, budget or Budget())).document()
    except RecursionError:
        raise InvalidRequest(f"{param}: the schema is nested too deeply.", param=param) from None


@dataclass(slots=True)
class Cleaning:
    """One document. `definitions`: those pointed at, cleaned; `words`: what was said beside the pointers to each."""

    references: References
    definitions: dict[str, Schema] = field(default_factory=dict)
    words: dict[str, dict[str, None]] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    depth: int = 0
    written: int = 0

    def document(self) -> Schema:
        root = self.references.root
        for _ in range(DEEPEST):
            if "$ref" not in root:
                break
            root = {**self.references.written_out(root["$ref"]), **without(root, "$ref")}
        cleaned = self.node(root)
        while self.waiting:
            name = self.waiting.pop()
            self.definitions[name] = self.node(self.references.definitions[name])
        for name, words in self.words.items():
            describe(self.definitions[name], list(words))
        return {**cleaned, "$defs": self.definitions} if self.definitions else cleaned

    def node(self, given: Any) -> Schema:
        if given is True:
            return {}
        if not isinstance(given, dict):
            raise self.references.rejected("a schema must be an object")
        self.references.spend(1)
        self.written += self.depth > 0
        given = self.flattened(given)
        if "$ref" in given:
            return self.pointer(given)
        given = modern(given)
        cleaned = {
            keyword: value
            for keyword, read in KEYWORDS.items()
            if keyword in given and (value := read(self, given[keyword])) is not None
        }
        describe(cleaned, [words for keyword in WORDS if (words := in_words(keyword, given.get(keyword)))])
        return fitted(cleaned)

    def pointer(self, given: Schema) -> Schema:
        """Nothing may stand beside a reference: words move to its target, more than words are merged with it."""
        name = self.references.definition(given["$ref"])
        if name is None or any(keyword in given for keyword in BESIDE_REFERENCE):
            return self.written_out(given)
        if name not in self.words:
            self.waiting.append(name)
        words = self.words.setdefault(name, {})
        if isinstance(said := given.get("description"), str):
            words[said] = None
        return {"$ref": given["$ref"].replace("#/definitions/", "#/$defs/", 1)}

    def written_out(self, given: Schema) -> Schema:
        if self.depth >= DEEPEST or self.written > MOST_WRITTEN_OUT:
            return dict(OPEN)
        self.depth += 1
        try:
            return self.node(merged(self.references.written_out(given["$ref"]), without(given, "$ref")))
        finally:
            self.depth -= 1

    def flattened(self, given: Schema, depth: int = 0) -> Schema:
        """Without `allOf`. One reference alone in it stays a reference."""
        branches = given.get("allOf")
        rest = without(given, "allOf")
        if not isinstance(branches, list) or not branches:
            return rest
        if len(branches) == 1 and isinstance(branches[0], dict):
            return self.flattened(merged(branches[0], rest), depth + 1) if depth < DEEPEST else rest
        return merged(*(self.branch(branch, depth) for branch in branches), rest)

    def branch(self, given: Any, depth: int) -> Schema:
        self.references.spend(1)
        self.written += 1
        if not isinstance(given, dict) or depth >= DEEPEST or self.written > MOST_WRITTEN_OUT:
            return {}
        if "$ref" in given:
            given = merged(self.references.written_out(given["$ref"]), without(given, "$ref"))
        return self.flattened(given, depth + 1)

    # What a keyword may hold; None leaves it out.

    def text(self, given: Any) -> str | None:
        return given if isinstance(given, str) else None

    def count(self, given: Any) -> int | None:
        return given if isinstance(given, int) and not isinstance(given, bool) else None

    def bound(self, given: Any) -> float | None:
        return given if isinstance(given, int | float) and not isinstance(given, bool) else None

    def names(self, given: Any) -> list[str] | None:
        named = [name for name in given if isinstance(name, str)] if isinstance(given, list) else []
        return list(dict.fromkeys(named)) or None

    def types(self, given: Any) -> str | list[str] | None:
        kinds = [kind.lower() for kind in (given if isinstance(given, list) else [given]) if isinstance(kind, str)]
        known = [kind for kind in dict.fromkeys(kinds) if kind in TYPES]
        return known[0] if len(known) == 1 else known or None

    def values(self, given: Any) -> list[Any] | None:
        return given if isinstance(given, list) else None

    def inner(self, given: Any) -> Schema | None:
        return None if given is False else self.node(given)

    def openness(self, given: Any) -> bool | Schema:
        return given if isinstance(given, bool) else self.node(given)

    def several(self, given: Any) -> list[Schema] | None:
        return [self.node(inner) for inner in given] or None if isinstance(given, list) else None

    def named(self, given: Any) -> dict[str, Schema] | None:
        return {name: self.node(inner) for name, inner in given.items()} or None if isinstance(given, dict) else None


KEYWORDS: dict[str, Callable[[Cleaning, Any], Any]] = {
    "$id": Cleaning.text,
    "$anchor": Cleaning.text,
    "type": Cleaning.types,
    "format": Cleaning.text,
    "title": Cleaning.text,
    "description": Cleaning.text,
    "enum": Cleaning.values,
    "items": Cleaning.inner,
    "prefixItems": Cleaning.several,
    "minItems": Cleaning.count,
    "maxItems": Cleaning.count,
    "minimum": Cleaning.bound,
    "maximum": Cleaning.bound,
    "anyOf": Cleaning.several,
    "oneOf": Cleaning.several,
    "properties": Cleaning.named,
    "additionalProperties": Cleaning.openness,
    "required": Cleaning.names,
    "propertyOrdering": Cleaning.names,
}
