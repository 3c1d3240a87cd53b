"""The two schema languages of Gemini: a subset of JSON Schema, and the older OpenAPI one with its own field list."""

from collections.abc import Iterator
from typing import Any

from .models import bad
from .names import camel

JSON_KEYWORDS = {
    "$id", "$defs", "$ref", "$anchor", "type", "format", "title", "description", "enum", "items", "prefixItems",
    "minItems", "maxItems", "minimum", "maximum", "anyOf", "oneOf", "properties", "additionalProperties", "required",
    "propertyOrdering",
}  # fmt: skip
OPENAPI_KEYWORDS = {
    "type", "format", "title", "description", "nullable", "enum", "items", "minItems", "maxItems", "properties",
    "required", "minProperties", "maxProperties", "minimum", "maximum", "minLength", "maxLength", "pattern",
    "example", "anyOf", "propertyOrdering", "default",
}  # fmt: skip
OPENAPI_TYPES = {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"}
JSON_TYPES = {name.lower() for name in OPENAPI_TYPES}


def check_json_schema(schema: Any, place: str) -> None:
    for node, where in nodes(schema, place):
        problem = misfit(node)
        if problem:
            raise bad(f"* GenerateContentRequest.{where}: {problem}")


def misfit(node: Any) -> str | None:
    if not isinstance(node, dict):
        return "a schema must be an object"
    for keyword in node:
        if keyword not in JSON_KEYWORDS:
            return f"keyword '{keyword}' is not supported"
    if "$ref" in node and any(not keyword.startswith("$") for keyword in node):
        return "a schema with '$ref' may have no other fields than those that start with '$'"
    for branch in [*node.get("anyOf", ()), *node.get("oneOf", ())]:
        if isinstance(branch, dict) and not branch.keys() - {"title", "description"}:
            return "any_of: a branch must not be empty"
    kinds = node.get("type", [])
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind not in JSON_TYPES:
            return f"unknown type '{kind}'"
    return misfit_in_both(node)


def misfit_in_both(node: dict[str, Any]) -> str | None:
    for nth, name in enumerate(node.get("required", ())):
        if name not in node.get("properties", {}):
            return f"required[{nth}]: property is not defined"
    if str(node.get("type")).lower() == "string" and not all(isinstance(value, str) for value in node.get("enum", ())):
        return "enum: only strings are allowed for STRING type"
    if str(node.get("type")).lower() == "array" and not node.get("items") and not node.get("prefixItems"):
        return "items: missing field."
    return None


def check_openapi_schema(schema: Any, place: str) -> None:
    for node, where in nodes(schema, place):
        for keyword in node if isinstance(node, dict) else ():
            if camel(keyword) not in OPENAPI_KEYWORDS:
                raise bad(f"Invalid JSON payload received. Unknown name \"{keyword}\" at '{where}': Cannot find field.")
        problem = misfit_in_openapi(node)
        if problem:
            raise bad(f"* GenerateContentRequest.{where}.{problem}")


def misfit_in_openapi(node: Any) -> str | None:
    if not isinstance(node, dict) or (str(node.get("type")).upper() not in OPENAPI_TYPES and "anyOf" not in node):
        return "type: must be specified"
    if str(node.get("type")).upper() == "STRING" and node.get("format", "enum") not in ("enum", "date-time"):
        return "format: only 'enum' and 'date-time' are supported for STRING type"
    return misfit_in_both(node)


def nodes(schema: Any, place: str) -> Iterator[tuple[Any, str]]:
    """A schema and every schema inside it, with its place."""
    yield schema, place
    if not isinstance(schema, dict):
        return
    for key in ("properties", "$defs"):
        for name, inner in (schema.get(key) or {}).items():
            yield from nodes(inner, f"{place}.{key}[{name}]")
    for key in ("anyOf", "oneOf", "prefixItems"):
        for nth, inner in enumerate(schema.get(key) or ()):
            yield from nodes(inner, f"{place}.{key}[{nth}]")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from nodes(schema[key], f"{place}.{key}")
