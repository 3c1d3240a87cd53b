"""Schemas, right and mistaken, and who judges what becomes of them: each provider's rules, as the sandbox has them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
from hypothesis import strategies as st

from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest
from inference.dialects.gemini.tools import takes_nothing
from inference.sandbox.anthropic.schemas import check_input_schema, check_subset
from inference.sandbox.gemini.rules import check_object_schema
from inference.sandbox.gemini.schemas import check_json_schema
from inference.sandbox.openai_chat import mfjs
from inference.sandbox.openai_chat.strict import check_function

Json = dict[str, Any]


CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "cases"


PLACE = "tools[0].function.parameters"


TRIES = 4


def is_2020_12(schema: Any, *_: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


def for_claude(schema: Json) -> None:
    is_2020_12(schema)
    check_input_schema(schema, PLACE)


def for_claude_strict(schema: Json) -> None:
    for_claude(schema)
    check_subset(schema, PLACE)


def for_gemini(schema: Json) -> None:
    is_2020_12(schema)
    if not takes_nothing(schema):
        check_object_schema(schema, PLACE)


def for_kimi(schema: Json) -> None:
    is_2020_12(schema)
    mfjs.check_functions([{"type": "function", "function": {"name": "f", "parameters": schema}}])


def for_openai(schema: Json) -> None:
    is_2020_12(schema)
    check_function({"name": "f", "parameters": schema}, PLACE)


TOOLS: dict[str, Callable[[Json], None]] = {
    "claude": for_claude,
    "claude_strict": for_claude_strict,
    "gemini": for_gemini,
    "moonshot": for_kimi,
    "openai": for_openai,
    "plain": is_2020_12,
}


REPLIES: dict[str, Callable[[Json], None]] = {
    "claude_strict": lambda schema: check_subset(schema, "response_format"),
    "gemini": lambda schema: check_json_schema(schema, "response_format"),
    "moonshot": lambda schema: mfjs.check(schema, "response_format"),
    "openai": is_2020_12,
}


# What can neither be sent nor told.
DUE = (
    "a schema must be an object", "must be an object", "leads out of the schema", "leads nowhere", "must be a string",
    "recursive schemas", "additionalProperties with a schema", "is no schema this model can be held to",
    "nested too deeply", "nested deeper", "written out",
)  # fmt: skip


def fits(given: Json, fit: Callable[..., Json | None], rules: str, judge: Callable[[Json], None]) -> bool:
    """Whether it was fitted; raises where what came out is refused, or refusing it was not due."""
    before = json.dumps(given)
    try:
        fitted = fit(given, rules, PLACE, Budget())
    except InvalidRequest as refusal:
        assert any(reason in refusal.message for reason in DUE), refusal.message
        return False
    assert json.dumps(given) == before, "the caller's schema was changed in place"
    if fitted:
        judge(json.loads(json.dumps(fitted)))
    return True


WORDS = ["string", "object", "array", "number", "any", "STRING", "#", "#/$defs/a", "#/definitions/a", "a", "b"]


KEYWORDS = [
    "type", "properties", "required", "items", "prefixItems", "additionalItems", "additionalProperties", "anyOf",
    "oneOf", "allOf", "not", "enum", "const", "minimum", "exclusiveMinimum", "minLength", "pattern", "format", "title",
    "description", "default", "nullable", "$ref", "$defs", "definitions", "$schema", "$id", "if", "then", "x-own",
]  # fmt: skip


mistaken = st.recursive(
    st.sampled_from([*WORDS, 0, 1, 2.5, True, False, None]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYWORDS, "a", "b"]), inner, max_size=5)
    ),
    max_leaves=15,
)


by_mistake = st.dictionaries(st.sampled_from(KEYWORDS), mistaken, max_size=6)


names = st.sampled_from(["a", "b", "c"])


said = {"description": st.text(max_size=9), "title": st.just("T")}


leaves = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"type": st.just("string")}, optional={
        **said, "minLength": st.integers(0, 9), "pattern": st.sampled_from(["^a", "(?=b)"]),
        "format": st.sampled_from(["date", "colour"]), "default": st.text(max_size=3)}),
    st.fixed_dictionaries({"type": st.sampled_from(["integer", "number"])}, optional={
        "minimum": st.integers(-9, 9), "exclusiveMaximum": st.integers(-9, 9), "multipleOf": st.integers(1, 9)}),
    st.fixed_dictionaries({"type": st.sampled_from(["boolean", "null", ["string", "null"], ["array", "object"]])}),
    st.fixed_dictionaries({"enum": st.lists(st.sampled_from(["x", "", 1, 2.5, None, True]), min_size=1, max_size=3)}),
    st.fixed_dictionaries({"const": st.sampled_from(["x", 1, None])}),
    st.fixed_dictionaries({"$ref": st.sampled_from(["#/$defs/a", "#/$defs/b"])}, optional=said),
)  # fmt: skip


def around(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    several = st.lists(inner, min_size=1, max_size=3)
    members = {"properties": st.dictionaries(names, inner, max_size=3), "required": st.lists(names, unique=True)}
    return st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object")}, optional={**said, **members, "additionalProperties": inner | st.booleans()}
        ),
        st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={**said, "items": inner, "prefixItems": several, "minItems": st.integers(0, 3)},
        ),
        st.fixed_dictionaries({}, optional={**members, "anyOf": several, "oneOf": several, "not": inner}),
        st.fixed_dictionaries({"allOf": several}, optional=members),
    )


inner_schemas = st.recursive(leaves, around, max_leaves=8)


valid = st.fixed_dictionaries(
    {"type": st.just("object"), "$defs": st.fixed_dictionaries({"a": inner_schemas, "b": leaves})},
    optional={
        "properties": st.dictionaries(names, inner_schemas, max_size=3),
        "required": st.lists(names, unique=True),
        "anyOf": st.lists(around(leaves), min_size=1, max_size=3),
        "allOf": st.lists(around(leaves), min_size=1, max_size=2),
    },
)
