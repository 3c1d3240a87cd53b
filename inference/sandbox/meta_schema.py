"""Is a schema one of JSON Schema 2020-12? Providers refuse a whole request for one that is not."""

from collections.abc import Iterator
from typing import Any

TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
OF_TEXT = {"$schema", "$id", "$ref", "$anchor", "$comment", "title", "description", "format", "pattern"}
OF_NUMBER = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
OF_COUNT = {"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains"}
OF_FLAG = {"uniqueItems", "deprecated", "readOnly", "writeOnly"}
ONE = {"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
       "unevaluatedItems", "unevaluatedProperties"}  # fmt: skip
NAMED = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
SEVERAL = {"anyOf", "oneOf", "allOf", "prefixItems"}


def problem(schema: Any, where: str = "") -> str | None:
    """What is wrong with it and where, None where nothing is."""
    for node, place in nodes(schema, where):
        if isinstance(node, bool):
            continue
        if not isinstance(node, dict):
            return f"{place or '/'}: {node!r} is not of type 'object', 'boolean'"
        for keyword, value in node.items():
            if not is_right(keyword, value):
                return f"{place}/{keyword}: {value!r} is not valid"
    return None


def is_right(keyword: str, value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if keyword in OF_TEXT:
        return isinstance(value, str)
    if keyword in OF_NUMBER:
        return number and (keyword != "multipleOf" or value > 0)
    if keyword in OF_COUNT:
        return number and value >= 0 and int(value) == value
    if keyword in OF_FLAG:
        return isinstance(value, bool)
    if keyword in NAMED:
        return isinstance(value, dict)
    if keyword in SEVERAL:
        return isinstance(value, list) and len(value) > 0
    if keyword == "type":
        kinds = value if isinstance(value, list) else [value]
        return bool(kinds) and all(kind in TYPES for kind in kinds) and len(set(kinds)) == len(kinds)
    if keyword == "required":
        return isinstance(value, list) and all(isinstance(name, str) for name in value) and len({*value}) == len(value)
    return not (keyword in ("enum", "examples") and not isinstance(value, list))


def nodes(schema: Any, where: str) -> Iterator[tuple[Any, str]]:
    """A schema and every schema inside it, with its place."""
    waiting = [(schema, where)]
    while waiting:
        node, place = waiting.pop()
        yield node, place
        if not isinstance(node, dict):
            continue
        for keyword, value in node.items():
            inside = f"{place}/{keyword}"
            if keyword in ONE:
                waiting.append((value, inside))
            elif keyword in NAMED and isinstance(value, dict):
                waiting += [(inner, f"{inside}/{name}") for name, inner in value.items()]
            elif keyword in SEVERAL and isinstance(value, list):
                waiting += [(inner, f"{inside}/{nth}") for nth, inner in enumerate(value)]
