"""Texts, JSON schemas and tools as callers write them, for property tests (hypothesis)."""

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from inference.chat.traits import Traits

Body = dict[str, Any]

# U+2028 splits naive readers, the emoji is two UTF-16 units, the rest looks like the formats around it.
AWKWARD = ["", " ", "\n", "null", "a\u2028b", "👩‍💻", "{}", '{"json": 1}', "data: [DONE]", "<think>", "\\u0041", "é"]
texts = st.sampled_from(AWKWARD) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30
)
words = st.text(st.characters(categories=["Ll"], max_codepoint=0x7F), min_size=1, max_size=12)
names = st.from_regex(r"\A[a-zA-Z0-9_-]{1,12}\Z")

# --- schemas

leaves = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "enum": ["c", "f"], "description": "unit"},
        {"type": "string", "format": "date-time", "minLength": 1, "maxLength": 40, "pattern": "^.*$"},
        {"type": "integer", "minimum": 0, "exclusiveMaximum": 10},
        {"type": "number", "multipleOf": 0.5, "default": 1},
        {"type": "boolean", "title": "Flag"},
        {"type": ["string", "null"]},
        {"const": "only"},
        {"$ref": "#/$defs/Thing"},
        {},
    ]
)


def objects_of(properties: SearchStrategy[Body]) -> SearchStrategy[Body]:
    def build(fields: Body, closed: bool | None, required: bool) -> Body:
        closure = {} if closed is None else {"additionalProperties": not closed}
        return {"type": "object", "properties": fields, **({"required": sorted(fields)} if required else {}), **closure}

    return st.builds(
        build, st.dictionaries(words, properties, max_size=3), st.sampled_from([None, True, False]), st.booleans()
    )


nested: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        objects_of(inner),
        st.builds(lambda items: {"type": "array", "items": items, "minItems": 2, "uniqueItems": True}, inner),
        st.builds(lambda arms: {"anyOf": arms}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda arms: {"oneOf": arms}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda one: {"allOf": [one]}, inner),
    ),
    max_leaves=5,
)
THING = {
    "Thing": {
        "type": "object",
        "properties": {"size": {"type": "integer"}},
        "required": ["size"],
        "additionalProperties": False,
    }
}
# A schema's root is an object; what it may point to is always there.
schemas = objects_of(nested).map(
    lambda schema: {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "$defs": THING}
)

# --- tools


@st.composite
def functions(draw: DrawFn, name: str) -> Body:
    optional = {
        "description": st.none() | texts,
        "parameters": st.none() | st.just({"type": "object", "properties": {}}) | schemas,
        "strict": st.none() | st.booleans(),
    }
    return {"name": name, **draw(st.fixed_dictionaries({}, optional=optional))}


@st.composite
def tool_lists(draw: DrawFn) -> list[Body]:
    chosen = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    mark = draw(st.sampled_from([{}, {}, {"cache_control": {"type": "ephemeral"}}]))
    return [{"type": "function", "function": draw(functions(name)), **mark} for name in chosen]


def choices(traits: Traits, offered: list[str]) -> SearchStrategy[Any]:
    free = [
        "auto",
        "none",
        None,
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named(offered[0])]}},
    ]
    forced = [
        "required",
        named(offered[-1]),
        {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named(name) for name in offered]}},
    ]
    return st.sampled_from(free + forced * traits.forced_tools)


def named(name: str) -> Body:
    return {"type": "function", "function": {"name": name}}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
# What models write as arguments: mostly an object, now and then nothing, a list, or an object cut short.
arguments = st.dictionaries(words, json_values, max_size=3).map(json.dumps) | st.sampled_from(
    ["", "{}", "[1]", '"text"', '{"city": "Par', "{city:", "null"]
)
