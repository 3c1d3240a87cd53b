"""What OpenAI demands of JSON Schemas: an object at a function's root, and with `strict` no loose ends."""

from collections.abc import Iterator
from typing import Any

from ..meta_schema import problem
from .conversation import bad

NOT_AT_ROOT = ("oneOf", "anyOf", "allOf", "enum", "not")
UNSTRICT = (
    "allOf",
    "oneOf",
    "not",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "then",
    "else",
    "patternProperties",
    "uniqueItems",
)


def check_functions(tools: list[dict[str, Any]]) -> None:
    for index, tool in enumerate(tools):
        if tool["type"] == "function":
            check_function(tool["function"], f"tools[{index}].function.parameters")


def check_function(function: dict[str, Any], param: str) -> None:
    schema = function.get("parameters")
    if schema is None or schema == {}:
        return
    opening = f"Invalid schema for function '{function['name']}': "
    if schema.get("type") != "object":
        raise bad(
            f"{opening}schema must be a JSON Schema of 'type: \"object\"', got 'type: {schema.get('type')!r}'.",
            param,
            "invalid_function_parameters",
        )
    if wrong := problem(schema):
        raise bad(f"{opening}{wrong}.", param, "invalid_function_parameters")
    if looseness := next(
        (found for where, node in nodes(schema, ()) if (found := looseness_of_any(where, node))), None
    ):
        raise bad(f"{opening}{looseness}", param, "invalid_function_parameters")
    if function.get("strict"):
        check_strict(schema, opening, param, "invalid_function_parameters")


def looseness_of_any(where: tuple[str, ...], node: dict[str, Any]) -> str | None:
    """What OpenAI refuses with `strict` and without."""
    if not where and any(keyword in node for keyword in NOT_AT_ROOT):
        return "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level."
    if not where and "properties" not in node:
        return "In context=(), object schema missing properties."
    kind = node.get("type")
    is_array = kind == "array" or (isinstance(kind, list) and "array" in kind)
    return f"In context={where}, array schema missing items." if is_array and "items" not in node else None


def check_response_schema(format: dict[str, Any]) -> None:
    json_schema = format.get("json_schema") or {}
    if json_schema.get("strict"):
        opening = f"Invalid schema for response_format '{json_schema['name']}': "
        check_strict(json_schema.get("schema") or {}, opening, "response_format", None)


def check_strict(schema: dict[str, Any], opening: str, param: str, code: str | None) -> None:
    for where, node in nodes(schema, ()):
        problem = looseness(node)
        if problem:
            raise bad(f"{opening}In context={where}, {problem}", param, code)


def looseness(node: dict[str, Any]) -> str | None:
    for keyword in UNSTRICT:
        if keyword in node:
            return f"'{keyword}' is not permitted."
    if node.get("type") != "object":
        return None
    if node.get("additionalProperties") is not False:
        return "'additionalProperties' is required to be supplied and to be false."
    missing = sorted(set(node.get("properties", {})) - set(node.get("required", [])))
    return (
        "'required' is required to be supplied and to be an array including every key in properties. "
        f"Missing '{missing[0]}'."
        if missing
        else None
    )


def nodes(schema: Any, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every subschema with its place."""
    if not isinstance(schema, dict):
        return
    yield where, schema
    for key in ("properties", "$defs", "definitions"):
        for name, item in (schema.get(key) or {}).items():
            yield from nodes(item, (*where, key, name))
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for index, item in enumerate(schema.get(key) or ()):
            yield from nodes(item, (*where, key, str(index)))
    yield from nodes(schema.get("items"), (*where, "items"))
