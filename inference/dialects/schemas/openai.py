"""What OpenAI demands of a tool's parameters beyond the draft (docs/providers/openai.md)."""

from typing import Any

from inference.dialects.schemas.drafts import NAMED, ONE, SEVERAL
from inference.dialects.schemas.references import References, Schema

NOT_AT_ROOT = ("enum", "not")  # nor unions, which unions.py makes one object


def fit(schema: Schema, references: References) -> Schema:
    """Every array says what it holds: "array schema missing items". What is right already is not copied."""
    fitted: Schema = with_items(schema)
    return fitted


def root(fitted: Schema) -> Schema:
    """ "schema must … not have 'enum'/'not' at the top level", "object schema missing properties"."""
    kept = {keyword: value for keyword, value in fitted.items() if keyword not in NOT_AT_ROOT}
    return kept if "properties" in kept else {**kept, "properties": {}}


def with_items(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    changed: Schema = {}
    for keyword, value in node.items():
        if keyword in ONE:
            if (inner := with_items(value)) is not value:
                changed[keyword] = inner
        elif keyword in NAMED:
            if new := {name: inner for name, schema in value.items() if (inner := with_items(schema)) is not schema}:
                changed[keyword] = {**value, **new}
        elif keyword in SEVERAL:
            several = [with_items(schema) for schema in value]
            if any(one is not other for one, other in zip(several, value, strict=True)):
                changed[keyword] = several
    if "items" not in node and is_array(node.get("type")):
        changed["items"] = {}
    return {**node, **changed} if changed else node


def is_array(kind: Any) -> bool:
    return kind == "array" or (isinstance(kind, list) and "array" in kind)
