"""What Gemini checks across the keywords of one schema (https://ai.google.dev/api/caching#Schema)."""

import json
from typing import Any

from inference.dialects.schemas.bounds import describe
from inference.dialects.schemas.references import Schema

ANYTHING: Schema = {"type": ["string", "number", "boolean", "object", "null"]}
WORDS_ONLY = {"title", "description"}


def finished(cleaned: Schema, schema: Schema) -> Schema:
    fit_unions(cleaned, schema)
    fit_enum(cleaned)
    kinds = cleaned.get("type")
    is_array = kinds == "array" or (isinstance(kinds, list) and "array" in kinds)
    if is_array and not cleaned.get("items") and "prefixItems" not in cleaned:
        cleaned["items"] = dict(ANYTHING)
    for keyword in ("required", "propertyOrdering"):
        if known := [name for name in cleaned.pop(keyword, ()) if name in cleaned.get("properties", {})]:
            cleaned[keyword] = known
    return cleaned


def fit_unions(cleaned: Schema, schema: Schema) -> None:
    """Of a branch like `{"required": ["a"]}` nothing is left, and Gemini refuses an empty one: the union is told."""
    for keyword in ("anyOf", "oneOf"):
        if all(branch.keys() - WORDS_ONLY for branch in cleaned.get(keyword, ())):
            continue
        del cleaned[keyword]
        needs = [
            branch["required"] for branch in schema[keyword] if isinstance(branch, dict) and branch.get("required")
        ]
        if needs:
            describe(cleaned, ["Give " + ", or ".join(" and ".join(map(str, names)) for names in needs) + "."])


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
