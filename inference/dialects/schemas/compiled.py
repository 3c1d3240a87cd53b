"""JSON Schema as Claude's strict tools and structured output compile it (docs/providers/anthropic.md).

What it does not compile is told in the description instead, so that the model may still follow it.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from inference.dialects.schemas.branches import merged
from inference.dialects.schemas.references import References, Schema

KEPT = ("type", "enum", "const", "description")
NAMED = ("properties", "$defs", "definitions")  # name → schema
UNIONS = ("anyOf", "oneOf", "allOf")
ELSEWHERE = ("required", "additionalProperties")
DROPPED = ("$schema", "$id", "$comment", "title", "default", "examples", "deprecated", "readOnly", "writeOnly",
           "discriminator")  # fmt: skip
FORMATS = ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
UNCOMPILED = re.compile(r"\(\?[=!<]|\\[bB1-9]")  # look-around, word boundaries, back references
MAX_OPTIONAL = 24
MAX_UNIONS = 16

# keyword → whether its value is compiled
COMPILES: dict[str, Callable[[Any], bool]] = {
    "minItems": lambda value: value in (0, 1),
    "format": lambda value: value in FORMATS,
    "pattern": lambda value: isinstance(value, str) and not UNCOMPILED.search(value),
}


def fit(schema: Schema, references: References) -> Schema:
    """Raises `InvalidRequest` for what could only be had by changing what the schema says."""
    references.refuse_recursion(schema)
    return clean(references.inlined(schema), references)


def clean(schema: Any, references: References) -> Schema:
    references.spend(1)
    if schema is True:
        return {}
    if not isinstance(schema, dict):
        raise references.rejected(f"{json.dumps(schema)[:40]} is no schema this model can be held to")
    node = merged(schema, references)
    if "$ref" in node:
        node = {name: value for name, value in node.items() if name in ("$defs", "definitions")}
        return {"$ref": schema.get("$ref"), **sort(node, references)[0]}
    fitted, words = sort(node, references)
    return described(closed(fitted, node, references), words)


def sort(node: Schema, references: References) -> tuple[Schema, list[str]]:
    """The keywords Claude compiles, and the others in words."""
    fitted: Schema = {}
    words: list[str] = []
    for keyword, value in node.items():
        if keyword in KEPT:
            fitted[keyword] = value
        elif keyword in NAMED:
            fitted[keyword] = {name: clean(child, references) for name, child in value.items()}
        elif keyword in UNIONS and isinstance(value, list):
            fitted["allOf" if keyword == "allOf" else "anyOf"] = [clean(branch, references) for branch in value]
        elif keyword == "items" and isinstance(value, dict | bool):
            fitted["items"] = clean(value, references)
        elif keyword in COMPILES and COMPILES[keyword](value):
            fitted[keyword] = value
        elif keyword not in DROPPED and keyword not in ELSEWHERE:
            words.append(f"{keyword}: {json.dumps(value, ensure_ascii=False)}")
    return fitted, words


def closed(fitted: Schema, node: Schema, references: References) -> Schema:
    """An object takes its named properties and no others: Claude has no other objects."""
    if "type" not in fitted and ("properties" in fitted or "items" in fitted):
        fitted["type"] = "object" if "properties" in fitted else "array"
    if "object" in kinds(fitted):
        if node.get("additionalProperties") not in (None, True, False, {}):
            raise references.rejected("additionalProperties with a schema of its own is not supported by this model")
        fitted["additionalProperties"] = False
        if isinstance(required := node.get("required"), list):
            properties = fitted.get("properties", {})
            fitted["required"] = [name for name in required if isinstance(name, str) and name in properties]
    return fitted


def described(fitted: Schema, told: list[str]) -> Schema:
    if told:
        words = fitted.get("description")
        fitted["description"] = "\n\n".join([*([words] if isinstance(words, str) and words else []), ", ".join(told)])
    return fitted


def kinds(node: Schema) -> list[Any]:
    kind = node.get("type")
    return kind if isinstance(kind, list) else [kind]


def excess(schemas: Iterable[Schema]) -> str | None:
    """What all schemas of a request together have more of than Claude compiles."""
    found = [node for schema in schemas for node in nodes(schema)]
    optional = sum(len(node.get("properties", {}).keys() - node.get("required", ())) for node in found)
    unions = sum("anyOf" in node or len(kinds(node)) > 1 for node in found)
    if optional > MAX_OPTIONAL:
        return f"{optional} optional properties; this model takes at most {MAX_OPTIONAL}"
    return f"{unions} unions; this model takes at most {MAX_UNIONS}" if unions > MAX_UNIONS else None


def nodes(fitted: Schema) -> Iterator[Schema]:
    """A fitted schema and every schema inside it."""
    waiting = [fitted]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [child for name in NAMED for child in node.get(name, {}).values()]
        waiting += [*node.get("anyOf", ()), *node.get("allOf", ()), *([node["items"]] if "items" in node else [])]
