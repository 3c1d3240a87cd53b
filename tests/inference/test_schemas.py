"""Any schema, fitted for any provider, is one that the provider takes: no request dies of one bad tool.

The judges are the sandbox's rules, which share no code with the dialects, and jsonschema's own meta-schema.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from inference.chat.budget import Budget
from inference.dialects import schemas
from tests.inference.schema_judges import CORPUS, PLACE, REPLIES, TOOLS, Json, by_mistake, fits, is_2020_12, valid

# Schemas that are right, and those that people make by mistake: strategies of our own, since hypothesis-jsonschema
# (0.23.1) does not run beside our hypothesis.


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
