""" "Moonshot flavored json schema": what Kimi demands of the parameters of a function and of a reply's schema."""

from typing import Any

from ..meta_schema import nodes, problem
from .conversation import bad

KEYWORDS = {
    "$defs", "$ref", "type", "title", "description", "default", "enum", "format", "pattern", "minLength", "maxLength",
    "minimum", "maximum", "items", "minItems", "maxItems", "properties", "required", "additionalProperties", "anyOf",
}  # fmt: skip

BESIDE_UNION = "when using anyOf, type should be defined in anyOf items instead of the parent schema"


def check_functions(tools: list[dict[str, Any]]) -> None:
    for tool in tools:
        parameters = tool["function"].get("parameters")
        if not isinstance(parameters, dict) or parameters.get("type") != "object":
            raise bad('tools.function.parameters.type is required and must be "object"')
        check(parameters, "tools.function.parameters")


def check_reply(format: dict[str, Any]) -> None:
    if "schema" in (format.get("json_schema") or {}):
        check(format["json_schema"]["schema"], "response_format.json_schema.schema")


def check(schema: dict[str, Any], name: str) -> None:
    wrong = problem(schema)
    for node, place in nodes(schema, ""):
        wrong = wrong or misfit(node, place, schema)
    if wrong:
        raise bad(f"Invalid request: {name} is not a valid moonshot flavored json schema, details: <{wrong}>")


def misfit(node: Any, place: str, root: dict[str, Any]) -> str | None:
    if isinstance(node, bool):
        return None if place.endswith("/additionalProperties") else f"At path '{place}': a schema must be an object"
    for keyword in node:
        if keyword not in KEYWORDS:
            return f"At path '{place}': keyword '{keyword}' is not supported"
    if "$ref" in node:
        if len(node) > 1:
            return f"At path '{place}': nothing may stand beside $ref"
        name = node["$ref"].removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~")
        return None if name in root.get("$defs", {}) else f"At path '{place}': {node['$ref']} is not defined"
    if "anyOf" in node:
        if "type" in node:
            return f"At path '{place}': {BESIDE_UNION}"
        return None
    if "type" not in node:
        return f"At path '{place}': type is not defined"
    if node["type"] == "object" and "required" not in node:
        return f"At path '{place}': required is not defined"
    return None
