"""Tools, and the subset of JSON Schema that Claude can hold itself to (`strict` tools, `output_config.format`)."""

import re
from collections.abc import Iterator
from typing import Any

from ..meta_schema import problem
from .models import bad

Body = dict[str, Any]
STRICT_TOOLS_MAX, OPTIONAL_MAX, UNION_MAX = 20, 24, 16
KEYWORDS = {
    "$schema", "$id", "$ref", "$defs", "definitions", "title", "description", "default", "examples", "type",
    "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "allOf", "format", "pattern",
    "minItems", "nullable",
}  # fmt: skip
FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
LOOK_AROUND = re.compile(r"\(\?<?[=!]")


def check_tools(body: Body) -> None:
    tools = body.get("tools", [])
    names = [tool["name"] for tool in tools]
    if len(set(names)) < len(names):
        raise bad("tools: Tool names must be unique.")
    for index, tool in custom(tools):
        check_input_schema(tool["input_schema"], f"tools.{index}.custom.input_schema")
    check_choice(body.get("tool_choice"), names)
    strict = [tool for tool in tools if tool.get("strict")]
    if len(strict) > STRICT_TOOLS_MAX:
        raise bad(
            f"Too many strict tools ({len(strict)}). The maximum number of strict tools supported is "
            f"{STRICT_TOOLS_MAX}."
        )
    for index, tool in custom(tools):
        if tool.get("strict"):
            check_subset(tool["input_schema"], f"tools.{index}.custom")
    check_totals([tool["input_schema"] for _, tool in custom(strict)])


def custom(tools: list[Body]) -> Iterator[tuple[int, Body]]:
    """Those with a schema, with their places."""
    return ((index, tool) for index, tool in enumerate(tools) if "input_schema" in tool)


def check_input_schema(schema: Body, place: str) -> None:
    if "type" not in schema:
        raise bad(f"{place}.type: Field required")
    if schema["type"] != "object":
        raise bad(f"{place}.type: Input should be 'object'")
    for keyword in ("oneOf", "allOf", "anyOf"):
        if keyword in schema:
            raise bad(f"{place}: input_schema does not support oneOf, allOf, or anyOf at the top level")
    if problem(schema):
        raise bad(f"{place}: JSON schema is invalid. It must match JSON Schema draft 2020-12")


def check_choice(choice: Body | None, names: list[str]) -> None:
    if choice and not names:
        raise bad("tool_choice: tool_choice may only be specified while providing tools.")
    if choice and choice["type"] == "tool" and choice["name"] not in names:
        raise bad(f"Tool '{choice['name']}' not found in provided tools")


def check_output_schema(body: Body) -> None:
    format = (body.get("output_config") or {}).get("format")
    if format:
        check_subset(format["schema"], "output_config.format.schema")
        check_totals([format["schema"]])


def check_subset(schema: Body, place: str) -> None:
    for node in nodes(schema):
        problem = misfit(node)
        if problem:
            raise bad(f"{place}: {problem}")
    check_references(schema, place)


def misfit(node: Any) -> str | None:
    if not isinstance(node, dict):
        return f"For 'object' type, property value {node!r} is not supported"
    kind = node.get("type", "object" if "properties" in node else "any")
    for keyword in node:
        if keyword not in KEYWORDS:
            return f"For '{kind}' type, property '{keyword}' is not supported"
    if kind == "object" and node.get("additionalProperties") is not False:
        return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    if node.get("minItems", 0) > 1:
        return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    if node.get("format", "date") not in FORMATS:
        return f"For 'string' type, 'format' value '{node['format']}' is not supported"
    if LOOK_AROUND.search(node.get("pattern", "")):
        return "For 'string' type, look-around in 'pattern' is not supported"
    return None


def check_references(schema: Body, place: str) -> None:
    defined = {**schema.get("definitions", {}), **schema.get("$defs", {})}
    uses = {name: {last(node["$ref"]) for node in nodes(target) if "$ref" in node} for name, target in defined.items()}
    for node in nodes(schema):
        reference = node.get("$ref", "#/")
        if not reference.startswith("#/"):
            raise bad(f"{place}: External $ref '{reference}' is not supported")
        if "$ref" in node and reaches(last(reference), last(reference), uses, set()):
            raise bad(f"{place}: Recursive schemas are not supported: '{reference}'")


def last(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def reaches(start: str, goal: str, uses: dict[str, set[str]], seen: set[str]) -> bool:
    others = uses.get(start, set()) - seen
    return any(name == goal or reaches(name, goal, uses, seen | {name}) for name in others)


def check_totals(schemas: list[Body]) -> None:
    everything = [node for schema in schemas for node in nodes(schema) if isinstance(node, dict)]
    optional = sum(len(set(node.get("properties", {})) - set(node.get("required", ()))) for node in everything)
    unions = sum("anyOf" in node or isinstance(node.get("type"), list) for node in everything)
    if optional > OPTIONAL_MAX:
        raise bad(
            f"Schemas contains too many optional parameters ({optional}), which would make grammar "
            f"compilation inefficient. The maximum is {OPTIONAL_MAX}."
        )
    if unions > UNION_MAX:
        raise bad(f"Schemas contains too many parameters with union types ({unions}). The maximum is {UNION_MAX}.")


def nodes(schema: Any) -> Iterator[Any]:
    """A schema and every schema inside it."""
    yield schema
    if not isinstance(schema, dict):
        return
    for key in ("properties", "$defs", "definitions"):
        for inner in (schema.get(key) or {}).values():
            yield from nodes(inner)
    for key in ("anyOf", "allOf"):
        for inner in schema.get(key) or ():
            yield from nodes(inner)
    if "items" in schema:
        yield from nodes(schema["items"])
