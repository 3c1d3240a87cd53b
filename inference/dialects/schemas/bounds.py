"""What bounds a value, in words for the description, and older ways to say the same."""

from typing import Any

from inference.dialects.schemas.references import Schema, without

# Bounds that a provider would refuse, as words for the description.
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


def modern(schema: Schema) -> Schema:
    """`const`, OpenAPI's `nullable` and the older form of tuples in today's words."""
    if "const" in schema:
        schema = {"enum": [schema["const"]], **without(schema, "const")}
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        schema = {**schema, "type": [schema["type"], "null"]}
    if isinstance(schema.get("items"), list):
        schema = {"prefixItems": schema["items"], **without(schema, "items")}
    return schema


def in_words(keyword: str, bound: Any) -> str | None:
    is_told = isinstance(bound, str | int | float) and (not isinstance(bound, bool) or keyword == "uniqueItems")
    return WORDS[keyword].format(bound) if is_told and bound is not False else None


def describe(schema: Schema, words: list[str]) -> None:
    if words:
        schema["description"] = " ".join([schema["description"], *words] if schema.get("description") else words)
