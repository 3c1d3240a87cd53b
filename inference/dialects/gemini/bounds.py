"""What bounds a value: in Gemini's form where it has one, else in words for the description."""

import json
from typing import Any

from inference.dialects.gemini.references import Schema, without

ANYTHING: Schema = {"type": ["string", "number", "boolean", "object", "null"]}

# Bounds Gemini would refuse, as words for the description.
WORDS = {
    "pattern": "Matches {}.",
    "minLength": "At least {} characters.",
    "maxLength": "At most {} characters.",
    "exclusiveMinimum": "Greater than {}.",
    "exclusiveMaximum": "Less than {}.",
    "multipleOf": "A multiple of {}.",
    "uniqueItems": "Without duplicates.",
    "minProperties": "At least {} properties.",
    "maxProperties": "At most {} properties.",
}


def modern(given: Schema) -> Schema:
    """`const`, OpenAPI's `nullable` and the older form of tuples in today's words."""
    if "const" in given:
        given = {"enum": [given["const"]], **without(given, "const")}
    if given.get("nullable") is True and isinstance(given.get("type"), str):
        given = {**given, "type": [given["type"], "null"]}
    if isinstance(given.get("items"), list):
        given = {"prefixItems": given["items"], **without(given, "items")}
    return given


def fitted(cleaned: Schema) -> Schema:
    """What Gemini checks across keywords."""
    fit_enum(cleaned)
    kinds = cleaned.get("type")
    is_array = kinds == "array" or (isinstance(kinds, list) and "array" in kinds)
    if is_array and not cleaned.get("items") and "prefixItems" not in cleaned:
        cleaned["items"] = dict(ANYTHING)
    for keyword in ("required", "propertyOrdering"):
        if known := [name for name in cleaned.pop(keyword, ()) if name in cleaned.get("properties", {})]:
            cleaned[keyword] = known
    return cleaned


def fit_enum(cleaned: Schema) -> None:
    """Gemini takes texts or numbers, of one type and none of them empty; other values are told in words."""
    given = cleaned.pop("enum", None)
    if not given:
        return
    values = [value for value in given if value is not None]
    kind = enum_type(values)
    if kind is None or "" in values:
        describe(cleaned, ["One of: " + ", ".join(map(json.dumps, given)) + "."])
        return
    cleaned["enum"] = list(dict.fromkeys(values))
    cleaned["type"] = [kind, "null"] if len(values) < len(given) or is_nullable(cleaned) else kind


def enum_type(values: list[Any]) -> str | None:
    if values and all(isinstance(value, str) for value in values):
        return "string"
    if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return "integer" if all(isinstance(value, int) for value in values) else "number"
    return None


def is_nullable(cleaned: Schema) -> bool:
    return isinstance(cleaned.get("type"), list) and "null" in cleaned["type"]


def in_words(keyword: str, bound: Any) -> str | None:
    is_told = isinstance(bound, str | int | float) and (not isinstance(bound, bool) or keyword == "uniqueItems")
    return WORDS[keyword].format(bound) if is_told and bound is not False else None


def describe(schema: Schema, words: list[str]) -> None:
    if words:
        schema["description"] = " ".join([schema["description"], *words] if schema.get("description") else words)
