"""A schema of an older draft, or of none, as JSON Schema 2020-12, which every provider checks against.

zod's tuples (`items: [...]`), pydantic's `exclusiveMinimum: true`, `required: true` in a property and types nobody
knows come from tools that people use; one of them makes a provider refuse the whole request. A keyword whose value has
the wrong type is left out, an unknown keyword stays. What is right already is not copied.
https://json-schema.org/draft/2020-12/schema
"""

import re
from collections.abc import Callable
from typing import Any

from inference.chat.invalid_request import InvalidRequest

Schema = dict[str, Any]

DEEPEST = 200
DRAFT = "https://json-schema.org/draft/2020-12/schema"
TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
ONE = ("items", "additionalProperties", "unevaluatedItems", "unevaluatedProperties", "contains", "propertyNames",
       "not", "if", "then", "else", "contentSchema")  # fmt: skip
NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
SEVERAL = ("anyOf", "oneOf", "allOf", "prefixItems")
IDENTIFIER = re.compile(r"[^#]*#?")
ANCHOR = re.compile(r"[A-Za-z_][-A-Za-z0-9._]*")


def mended(given: Any, param: str, depth: int = 0) -> Any:
    """Raises `InvalidRequest` for what is no schema at all."""
    if isinstance(given, bool):
        return given
    if not isinstance(given, dict):
        raise InvalidRequest(f"{param}: a schema must be an object.", param=param, code="unsupported_value")
    if depth > DEEPEST:
        raise InvalidRequest(f"{param}: the schema is nested deeper than {DEEPEST} levels.", param=param)
    if "$ref" in given and not isinstance(given["$ref"], str):
        raise InvalidRequest(f"{param}: a $ref must be a string.", param=param, code="unsupported_value")
    node = current(given)
    changed: Schema = {}
    for keyword, value in node.items():
        if keyword in NAMED:
            if not isinstance(value, dict):
                raise InvalidRequest(f"{param}: {keyword} must be an object.", param=param, code="unsupported_value")
            inner: Any = {}
            for name, schema in value.items():
                inner[name] = mended(schema, param, depth + 1)
            if any(inner[name] is not schema for name, schema in value.items()):
                changed[keyword] = inner
        elif keyword in SEVERAL:
            inner = []
            for schema in value:
                inner.append(mended(schema, param, depth + 1))
            if any(one is not other for one, other in zip(inner, value, strict=True)):
                changed[keyword] = inner
        elif keyword in ONE:
            inner = mended(value, param, depth + 1)
            if inner is not value:
                changed[keyword] = inner
    return {**node, **changed} if changed else node


def current(node: Schema) -> Schema:
    """One schema, without a look at those inside it; the same object where nothing is wrong with it."""
    mended = node
    if isinstance(node.get("items"), list):
        mended = tuple_as_prefix(mended)
    for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(mended.get(bound), bool):
            mended = exclusive(mended, bound, limit)
    wrong = [keyword for keyword, value in mended.items() if keyword in RIGHT and not RIGHT[keyword](value)]
    if not wrong:
        return mended
    kept = {keyword: value for keyword, value in mended.items() if keyword not in wrong}
    for keyword in ("type", "required"):
        if keyword in wrong and (left := PARTS[keyword](mended[keyword])):
            kept[keyword] = left
    return kept


def tuple_as_prefix(node: Schema) -> Schema:
    """`items: [...]` with `additionalItems`, as tuples were written until 2019."""
    mended = {keyword: value for keyword, value in node.items() if keyword not in ("items", "additionalItems")}
    if node["items"]:
        mended["prefixItems"] = node["items"]
    if isinstance(node.get("additionalItems"), dict | bool):
        mended["items"] = node["additionalItems"]
    return mended


def exclusive(node: Schema, bound: str, limit: str) -> Schema:
    """`minimum: 0, exclusiveMinimum: true`, as draft 4 had it."""
    mended = {keyword: value for keyword, value in node.items() if keyword != bound}
    if node[bound] and is_number(node.get(limit)):
        mended[bound] = mended.pop(limit)
    return mended


def known_types(value: Any) -> Any:
    """Empty where one of them is unknown: what it meant, the others would shut out. `null` among them is a type."""
    kinds = ["null" if kind is None else kind for kind in value] if isinstance(value, list) else [value]
    known = list(dict.fromkeys(kind.lower() if isinstance(kind, str) else "" for kind in kinds))
    if not set(known) <= set(TYPES):
        return []
    return known[0] if len(known) == 1 else known


def strings(value: Any) -> list[str]:
    return list(dict.fromkeys(name for name in value if isinstance(name, str))) if isinstance(value, list) else []


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_count(value: Any) -> bool:
    return is_number(value) and value >= 0 and value == int(value)


def is_type(value: Any) -> bool:
    return value in TYPES if isinstance(value, str) else bool(value) and known_types(value) == value


def is_names(value: Any) -> bool:
    return isinstance(value, list) and strings(value) == value


def is_list(value: Any) -> bool:
    return isinstance(value, list)


def is_filled(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


# What is left of a value of which only a part is right.
PARTS: dict[str, Callable[[Any], Any]] = {"type": known_types, "required": strings}

# keyword → whether a value is one that the draft allows
RIGHT: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("title", "description", "format", "pattern", "$comment", "$ref", "$dynamicRef",
                     "contentEncoding", "contentMediaType"), is_text),
    "$schema": lambda value: value == DRAFT,
    "$id": lambda value: isinstance(value, str) and IDENTIFIER.fullmatch(value) is not None,
    "$anchor": lambda value: isinstance(value, str) and ANCHOR.fullmatch(value) is not None,
    "$dynamicAnchor": lambda value: isinstance(value, str) and ANCHOR.fullmatch(value) is not None,
    "$vocabulary": lambda value: False,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), is_number),
    "multipleOf": lambda value: is_number(value) and value > 0,
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
                     "minContains", "maxContains"), is_count),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), is_flag),
    **dict.fromkeys(("enum", "examples"), is_list),
    **dict.fromkeys(SEVERAL, is_filled),
    **dict.fromkeys(ONE, lambda value: value is not None),
    **dict.fromkeys(NAMED, lambda value: value not in (None, [])),  # PHP writes an empty object as a list
    "dependentRequired": lambda value: isinstance(value, dict) and all(map(is_names, value.values())),
    "type": is_type,
    "required": is_names,
}  # fmt: skip
