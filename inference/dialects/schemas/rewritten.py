"""A schema keyword by keyword, for providers that read a part of JSON Schema: Gemini and Kimi.

Each other keyword would be a 400: it is left out, and what bounds a value is told in words instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.dialects.schemas import gemini, moonshot
from inference.dialects.schemas.bounds import describe, in_words, modern
from inference.dialects.schemas.branches import overlaid
from inference.dialects.schemas.drafts import TYPES
from inference.dialects.schemas.references import References, Schema, without

Reader = Callable[["Rewriting", Any], Any]

OPEN: Schema = {"type": "object"}
DEEPEST = 5  # levels of a schema that contains itself
MOST_WRITTEN_OUT = 5_000  # schemas in place of references: a small one could grow without end

STAYS_BESIDE_UNION = ("anyOf", "oneOf", *moonshot.WORDS_ONLY)
BESIDE_REFERENCE = ("properties", "required", "items", "enum", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Language:
    """What a provider reads: `keywords` with what each may hold, bounds that it is told in `words`, and what it checks
    across keywords (`finish`: the rewritten schema, the one given)."""

    keywords: Mapping[str, Reader]
    words: tuple[str, ...]
    finish: Callable[[Schema, Schema], Schema]
    spreads: bool = False  # what stands beside a union goes into each of its branches


def for_gemini(schema: Schema, references: References) -> Schema:
    return Rewriting(references, GEMINI).document(schema)


def for_moonshot(schema: Schema, references: References) -> Schema:
    return Rewriting(references, MOONSHOT).document(schema)


@dataclass(slots=True)
class Rewriting:
    """One document. `definitions`: those pointed at, rewritten; `words`: what was said beside the pointers to each."""

    references: References
    language: Language
    definitions: dict[str, Schema] = field(default_factory=dict)
    words: dict[str, dict[str, None]] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    depth: int = 0
    written: int = 0

    def document(self, root: Schema) -> Schema:
        for _ in range(DEEPEST):
            if "$ref" not in root:
                break
            root = {**self.references.written_out(root["$ref"]), **without(root, "$ref")}
        cleaned = self.node(root)
        while self.waiting:
            name = self.waiting.pop()
            self.definitions[name] = self.node(self.references.definitions[name])
        self.describe_definitions()
        return {**cleaned, "$defs": self.definitions} if self.definitions else cleaned

    def describe_definitions(self) -> None:
        holders: dict[str, str | None] = {}
        descriptions: dict[str, dict[str, None]] = {}
        for name, words in self.words.items():
            if words and (holder := self.described_at(name, holders)) is not None:
                descriptions.setdefault(holder, {}).update(words)
        for holder, words in descriptions.items():
            describe(self.definitions[holder], list(words))

    def described_at(self, name: str, holders: dict[str, str | None]) -> str | None:
        """A definition that only points on has no place for words; where it leads, there is one. `holders`: those
        found before.
        """
        passed: dict[str, None] = {}
        while name not in holders and name not in passed:
            passed[name] = None
            holder = self.definitions.get(name)
            if holder is None or "$ref" not in holder:
                holders[name] = None if holder is None else name
            else:
                name = self.references.steps(holder["$ref"])[-1]
        found = holders.get(name)
        holders.update(dict.fromkeys(passed, found))
        return found

    def node(self, schema: Any) -> Schema:
        if schema is True:
            schema = {}
        if not isinstance(schema, dict):
            raise self.references.rejected("a schema must be an object")
        self.references.spend(1)
        self.written += self.depth > 0
        schema = self.flattened(schema)
        if "$ref" in schema:
            return self.pointer(schema)
        schema = modern(schema)
        cleaned = {
            keyword: value
            for keyword, read in self.language.keywords.items()
            if keyword in schema and (value := read(self, schema[keyword])) is not None
        }
        sentences = [words for keyword in self.language.words if (words := in_words(keyword, schema.get(keyword)))]
        describe(cleaned, sentences)
        if self.language.spreads:
            self.pay_for_spreading(cleaned)
        return self.language.finish(cleaned, schema)

    def pay_for_spreading(self, cleaned: Schema) -> None:
        beside = {keyword: value for keyword, value in cleaned.items() if keyword not in STAYS_BESIDE_UNION}
        for keyword in ("anyOf", "oneOf") if beside else ():
            for _ in cleaned.get(keyword, ()):
                self.references.budget.write_out(beside, self.references.param)

    def pointer(self, schema: Schema) -> Schema:
        """Nothing may stand beside a reference: words move to its target, more than words are merged with it."""
        name = self.references.definition(schema["$ref"])
        if name is None or any(keyword in schema for keyword in BESIDE_REFERENCE):
            return self.written_out(schema)
        if name not in self.words:
            self.waiting.append(name)
        words = self.words.setdefault(name, {})
        if isinstance(description := schema.get("description"), str):
            words[description] = None
        return {"$ref": schema["$ref"].replace("#/definitions/", "#/$defs/", 1)}

    def written_out(self, schema: Schema) -> Schema:
        if self.depth >= DEEPEST or self.written > MOST_WRITTEN_OUT:
            return self.language.finish(dict(OPEN), {})
        self.depth += 1
        try:
            return self.node(overlaid(self.references.written_out(schema["$ref"]), without(schema, "$ref")))
        finally:
            self.depth -= 1

    def flattened(self, schema: Schema, depth: int = 0) -> Schema:
        """Without `allOf`. One reference alone in it stays a reference."""
        branches = schema.get("allOf")
        rest = without(schema, "allOf")
        if not isinstance(branches, list) or not branches:
            return rest
        if len(branches) == 1 and isinstance(branches[0], dict):
            return self.flattened(overlaid(branches[0], rest), depth + 1) if depth < DEEPEST else rest
        return overlaid(*(self.branch(branch, depth) for branch in branches), rest)

    def branch(self, schema: Any, depth: int) -> Schema:
        self.references.spend(1)
        self.written += 1
        if not isinstance(schema, dict) or depth >= DEEPEST or self.written > MOST_WRITTEN_OUT:
            return {}
        if "$ref" in schema:
            schema = overlaid(self.references.written_out(schema["$ref"]), without(schema, "$ref"))
        return self.flattened(schema, depth + 1)

    # What a keyword may hold; None leaves it out.

    def text(self, value: Any) -> str | None:
        return value if isinstance(value, str) else None

    def count(self, value: Any) -> int | None:
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def bound(self, value: Any) -> float | None:
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def names(self, value: Any) -> list[str] | None:
        named = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
        return list(dict.fromkeys(named)) or None

    def types(self, value: Any) -> str | list[str] | None:
        kinds = [kind.lower() for kind in (value if isinstance(value, list) else [value]) if isinstance(kind, str)]
        known = [kind for kind in dict.fromkeys(kinds) if kind in TYPES]
        return known[0] if len(known) == 1 else known or None

    def values(self, value: Any) -> list[Any] | None:
        return value if isinstance(value, list) else None

    def inner(self, value: Any) -> Schema | None:
        return None if value is False else self.node(value)

    def openness(self, value: Any) -> bool | Schema:
        return value if isinstance(value, bool) else self.node(value)

    def several(self, value: Any) -> list[Schema] | None:
        if not isinstance(value, list):
            return None
        return [self.node(inner) for inner in value if inner is not False] or None

    def named(self, value: Any) -> dict[str, Schema] | None:
        """`false` is a property that is never there."""
        if not isinstance(value, dict):
            return None
        return {name: self.node(inner) for name, inner in value.items() if inner is not False} or None


# In this order they stand in the schema that is sent.
KEYWORDS: dict[str, Reader] = {
    "$id": Rewriting.text,
    "$anchor": Rewriting.text,
    "type": Rewriting.types,
    "format": Rewriting.text,
    "title": Rewriting.text,
    "description": Rewriting.text,
    "enum": Rewriting.values,
    "items": Rewriting.inner,
    "prefixItems": Rewriting.several,
    "minItems": Rewriting.count,
    "maxItems": Rewriting.count,
    "minLength": Rewriting.count,
    "maxLength": Rewriting.count,
    "pattern": Rewriting.text,
    "minimum": Rewriting.bound,
    "maximum": Rewriting.bound,
    "anyOf": Rewriting.several,
    "oneOf": Rewriting.several,
    "properties": Rewriting.named,
    "additionalProperties": Rewriting.openness,
    "required": Rewriting.names,
    "propertyOrdering": Rewriting.names,
}
GEMINI_LACKS = {"minLength", "maxLength", "pattern"}
MOONSHOT_LACKS = {"$id", "$anchor", "propertyOrdering"}
GEMINI_KEYWORDS = {keyword: read for keyword, read in KEYWORDS.items() if keyword not in GEMINI_LACKS}
MOONSHOT_KEYWORDS = {keyword: read for keyword, read in KEYWORDS.items() if keyword not in MOONSHOT_LACKS}
GEMINI = Language(
    GEMINI_KEYWORDS,
    ("pattern", "minLength", "maxLength", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems",
     "minProperties", "maxProperties"),
    gemini.finished,
)  # fmt: skip
MOONSHOT = Language(
    MOONSHOT_KEYWORDS,
    ("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems", "minProperties", "maxProperties"),
    moonshot.finished,
    spreads=True,
)
