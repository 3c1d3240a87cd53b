"""Any schema, fitted for any provider, is one that the provider takes: no request dies of one bad tool.

The judges are the sandbox's rules, which share no code with the dialects, and jsonschema's own meta-schema.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.chat.budget import MOST_SCHEMAS, Budget
from inference.chat.invalid_request import InvalidRequest
from inference.dialects import schemas
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


# Schemas that are right, and those that people make by mistake: strategies of our own, since hypothesis-jsonschema
# (0.23.1) does not run beside our hypothesis.

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


def test_every_set_of_rules_has_a_judge() -> None:
    assert TOOLS.keys() == schemas.RULES.keys()


@pytest.mark.parametrize("rules", TOOLS)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(by_mistake)
def test_a_mistaken_tool_is_fitted_or_refused_for_a_reason(rules: str, asked: Json) -> None:
    fits(asked, schemas.of_tool, rules, TOOLS[rules])


@pytest.mark.parametrize("rules", REPLIES)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(by_mistake)
def test_a_mistaken_reply_is_fitted_or_refused_for_a_reason(rules: str, asked: Json) -> None:
    fits(asked, schemas.of_reply, rules, REPLIES[rules])


@pytest.mark.parametrize("rules", TOOLS)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(valid)
def test_a_valid_schema_is_fitted_for_every_provider(rules: str, asked: Json) -> None:
    is_2020_12(asked)
    fits(asked, schemas.of_tool, rules, TOOLS[rules])


@pytest.mark.parametrize("rules", TOOLS)
@pytest.mark.parametrize("keyword", ["anyOf", "oneOf", "allOf"])
def test_a_name_that_a_schema_and_its_branch_require_is_required_once(rules: str, keyword: str) -> None:
    branches = [{"type": "object", "required": ["a"]}, {"type": "object", "required": ["a", "b"]}]
    inner = {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"], keyword: branches}
    assert fits({"type": "object", "properties": {"x": inner}}, schemas.of_tool, rules, TOOLS[rules])


# Schemas of the corpus


@cache
def recorded() -> list[tuple[str, Json]]:
    found = {}
    for path in sorted(CORPUS.rglob("*.json")):
        for schema in inside(json.loads(path.read_text()).get("request")):
            found.setdefault(json.dumps(schema, sort_keys=True), (path.stem, schema))
    return list(found.values())


def inside(request: Any) -> Iterator[Json]:
    """The schemas of a recorded request, whichever provider it went to."""
    waiting = [request]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for name, inner in value.items():
                if name in ("parameters", "input_schema", "parametersJsonSchema", "schema") and isinstance(inner, dict):
                    yield inner
                else:
                    waiting.append(inner)
        elif isinstance(value, list):
            waiting += value


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of recorded traffic is not beside this repository")
@pytest.mark.parametrize("rules", TOOLS)
def test_every_recorded_schema_is_fitted(rules: str) -> None:
    refused = [name for name, schema in recorded() if not fits(schema, schemas.of_tool, rules, TOOLS[rules])]
    strictly = rules == "claude_strict"  # maps and recursion have no strict form
    assert len(refused) <= len(recorded()) * (0.1 if strictly else 0.02), refused


# Bounds


def doubling(levels: int) -> Json:
    """Some hundred bytes that stand for two to the power of `levels` schemas."""

    def twice(number: int) -> Json:
        pointer = {"$ref": f"#/$defs/D{number + 1}"}
        beside = {**pointer, "properties": {"x": {}}}
        return {"allOf": [pointer], "properties": {"a": beside, "b": beside}}

    definitions = {f"D{number}": twice(number) for number in range(levels)} | {f"D{levels}": {"type": "string"}}
    return {"type": "object", "properties": twice(-1)["properties"], "$defs": definitions}


@pytest.mark.parametrize("rules", TOOLS)
def test_no_schema_grows_beyond_the_budget(rules: str) -> None:
    try:
        fitted = schemas.of_tool(doubling(40), rules, PLACE, Budget())
    except InvalidRequest:
        return
    assert len(json.dumps(fitted)) < MOST_SCHEMAS * 100


@pytest.mark.parametrize("rules", TOOLS)
@pytest.mark.parametrize("keyword", ["anyOf", "oneOf", "allOf", "prefixItems"])
def test_ten_times_the_branches_take_about_ten_times_as_long(rules: str, keyword: str) -> None:
    def seconds(count: int) -> float:
        branches = [{"type": "object", "properties": {"a": {"minLength": n}}, "required": ["a"]} for n in range(count)]
        given = {keyword: branches, "properties": {"b": {keyword: branches}}}
        began = time.process_time()
        with suppress(InvalidRequest):
            schemas.of_tool(given, rules, PLACE, Budget())
        return time.process_time() - began

    # A busy machine adds to any of them: what takes the square of its time does so at each try.
    assert any(seconds(2_000) < 40 * max(seconds(200), 0.01) for _ in range(TRIES))


def test_what_goes_beyond_the_budget_is_refused_by_name() -> None:
    budget = Budget(schemas=3)
    with pytest.raises(InvalidRequest) as refusal:
        schemas.of_tool({"properties": {name: {"type": "string"} for name in "abcdef"}}, "gemini", PLACE, budget)
    assert refusal.value.code == "request_too_complex" and refusal.value.param == "tools"


@pytest.mark.parametrize("rules", TOOLS)
def test_two_hundred_levels_are_taken_and_more_are_refused(rules: str) -> None:
    def nested(levels: int) -> Json:
        schema: Json = {"type": "string"}
        for _ in range(levels):
            schema = {"type": "array", "items": schema}
        return {"type": "object", "properties": {"a": schema}}

    assert schemas.of_tool(nested(190), rules, PLACE, Budget())
    with pytest.raises(InvalidRequest):
        schemas.of_tool(nested(250), rules, PLACE, Budget())


def test_a_union_beside_many_properties_is_bounded() -> None:
    many = {f"p{number}": {"type": "string"} for number in range(200)}
    branches = [{"required": [name]} for name in many]
    inner = {"type": "object", "properties": many, "anyOf": branches}
    with pytest.raises(InvalidRequest) as refusal:
        schemas.of_tool({"type": "object", "properties": {"a": inner}}, "moonshot", PLACE, Budget())
    assert refusal.value.code == "request_too_complex"


@pytest.mark.parametrize("rules", ["gemini", "moonshot"])
def test_words_beside_a_pointer_to_a_pointer_reach_what_is_meant(rules: str) -> None:
    properties = {"x": {"$ref": "#/$defs/b", "description": "the first"}}
    definitions = {"a": {"type": "string"}, "b": {"$ref": "#/$defs/a"}}
    fitted = schemas.of_tool({"properties": properties, "$defs": definitions}, rules, PLACE, Budget())
    assert fitted and fitted["$defs"] == {
        "a": {"type": "string", "description": "the first"},
        "b": {"$ref": "#/$defs/a"},
    }


@pytest.mark.parametrize(
    ("rules", "given", "is_named"),
    [
        ("openai", {"type": "object", "properties": {"a": {"type": "array"}}}, False),
        ("openai", {"anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, True),
        ("claude", {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": {}}, False),
        ("claude", {"type": "object", "properties": {"a": {"type": "any"}}}, True),
        ("moonshot", {"type": "object", "properties": {"a": {"type": "string"}}}, False),
        ("moonshot", {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}}, True),
        ("gemini", {"type": "object", "properties": {"a": {"type": "string", "pattern": "^a"}}}, True),
    ],
)
def test_what_a_schema_says_otherwise_is_noted(rules: str, given: Json, is_named: bool) -> None:
    budget = Budget()
    schemas.of_tool(given, rules, PLACE, budget)
    assert budget.has_fitted is is_named
