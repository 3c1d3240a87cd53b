"""What Kimi checks across the keywords of one schema: "moonshot flavored json schema" (docs/providers/moonshot.md)."""

from typing import Any

from inference.dialects.schemas.bounds import describe
from inference.dialects.schemas.branches import distinct, overlaid
from inference.dialects.schemas.references import Schema

# A schema that says nothing allows every value; each place needs a type.
ANYTHING: list[Schema] = [
    {"type": "string"},
    {"type": "number"},
    {"type": "boolean"},
    {"type": "object", "required": []},
    {"type": "null"},
]
WORDS_ONLY = ("title", "description")
# What a value must be if a keyword says something of it.
TELLS = {
    "object": ("properties", "additionalProperties", "required"),
    "array": ("items", "minItems", "maxItems"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum"),
}
OF_VALUES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    dict: "object",
    list: "array",
}


def finished(cleaned: Schema, schema: Schema) -> Schema:
    if "prefixItems" in cleaned:
        fit_tuple(cleaned)
    if branches := [*cleaned.pop("anyOf", ()), *cleaned.pop("oneOf", ())]:
        return union(cleaned, branches)
    typed(cleaned)
    if not cleaned.get("enum", [None]):
        del cleaned["enum"]
    return cleaned


def union(cleaned: Schema, branches: list[Schema]) -> Schema:
    """Kimi wants the type in the branches of `anyOf` and not beside it; what belongs to the type goes along."""
    outer = {keyword: cleaned.pop(keyword) for keyword in [*cleaned] if keyword not in WORDS_ONLY}
    found: list[Schema] = []
    for branch in branches:
        if "$ref" in branch:
            found.append(branch)
            continue
        says_nothing = not outer and not branch.keys() - set(WORDS_ONLY)
        inner = branch if "anyOf" in branch else overlaid(outer, branch)
        found += ANYTHING if says_nothing else [typed(inner)]
    cleaned["anyOf"] = distinct(found)
    return cleaned


def typed(node: Schema) -> Schema:
    """With a type, and an object with its `required`."""
    if "type" not in node and "anyOf" not in node:
        kind = told_type(node)
        if kind is None:
            node["anyOf"] = [dict(branch) for branch in ANYTHING]
        else:
            node["type"] = kind
    kinds = node.get("type")
    if kinds == "object" or (isinstance(kinds, list) and "object" in kinds):
        properties = node.get("properties", {})
        node["required"] = [name for name in dict.fromkeys(node.get("required", ())) if name in properties]
    return node


def told_type(node: Schema) -> Any:
    if node.get("enum"):
        kinds = list(dict.fromkeys(OF_VALUES[type(value)] for value in node["enum"]))
        return kinds[0] if len(kinds) == 1 else kinds
    return next((kind for kind, keywords in TELLS.items() if any(keyword in node for keyword in keywords)), None)


def fit_tuple(cleaned: Schema) -> None:
    """Kimi knows one schema for all entries of an array."""
    entries = cleaned.pop("prefixItems")
    rest = [cleaned["items"]] if cleaned.get("items") else []
    allowed = distinct([*entries, *rest])
    cleaned["items"] = allowed[0] if len(allowed) == 1 else {"anyOf": allowed}
    describe(cleaned, [f"The first {len(entries)} entries have their own meaning, in this order."])
