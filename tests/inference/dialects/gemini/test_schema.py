"""The part of JSON Schema that Gemini reads."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest
from inference.dialects import schemas
from inference.dialects.gemini.tools import takes_nothing
from inference.dialects.schemas.bounds import WORDS
from inference.dialects.schemas.gemini import ANYTHING
from inference.dialects.schemas.rewritten import GEMINI_KEYWORDS
from inference.sandbox.gemini.schemas import check_json_schema
from tests.properties import examples

Json = dict[str, Any]
TEXT = {"type": "string"}
TREE = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}}}


def clean(given: Json) -> Json:
    before = json.dumps(given)
    cleaned = schemas.of_reply(given, "gemini", "response_format", Budget())
    check_json_schema(cleaned, "schema")
    assert json.dumps(given) == before
    return cleaned


def cleaned_property(given: Any, **root: Any) -> Json:
    found: Json = clean({"type": "object", "properties": {"p": given}, **root})["properties"]["p"]
    return found


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (True, {}),
        ({"$comment": "c", "default": 1, "examples": [1], "readOnly": True, "x-own": 1}, {}),
        ({"const": "only"}, {"enum": ["only"], "type": "string"}),
        ({"enum": [1, 2]}, {"enum": [1, 2], "type": "integer"}),
        ({"type": "string", "enum": [1, 2.5]}, {"enum": [1, 2.5], "type": "number"}),
        ({"type": "string", "enum": ["a", None]}, {"type": ["string", "null"], "enum": ["a"]}),
        ({"type": "string", "enum": ["a", "a"]}, {"type": "string", "enum": ["a"]}),
        ({"type": "string", "enum": []}, {"type": "string"}),
        ({"type": "boolean", "enum": [True]}, {"type": "boolean", "description": "One of: true."}),
        ({"type": "string", "enum": ["", "a"]}, {"type": "string", "description": 'One of: "", "a".'}),
        ({"type": "STRING"}, TEXT),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "any"}, {}),
        (
            {"type": "string", "pattern": "^a", "maxLength": 3},
            {**TEXT, "description": "Matches ^a. At most 3 characters."},
        ),
        (
            {"type": "number", "exclusiveMinimum": 0, "description": "Size."},
            {"type": "number", "description": "Size. Greater than 0."},
        ),
        (
            {"type": "number", "minimum": 0, "exclusiveMinimum": True},
            {"type": "number", "description": "Greater than 0."},
        ),
        (
            {"type": "array", "items": TEXT, "uniqueItems": True},
            {"type": "array", "items": TEXT, "description": "Without duplicates."},
        ),
        ({"type": "array"}, {"type": "array", "items": ANYTHING}),
        ({"type": "array", "items": {}}, {"type": "array", "items": ANYTHING}),
        ({"type": "array", "items": [TEXT]}, {"type": "array", "prefixItems": [TEXT]}),
        ({"type": "array", "prefixItems": [TEXT], "items": False}, {"type": "array", "prefixItems": [TEXT]}),
        ({"type": "object", "properties": {}}, {"type": "object"}),
        (
            {"type": "object", "properties": {"a": TEXT}, "required": ["a", "b"]},
            {"type": "object", "properties": {"a": TEXT}, "required": ["a"]},
        ),
        ({"type": "object", "patternProperties": {"^x": TEXT}}, {"type": "object"}),
        ({"type": "object", "additionalProperties": TEXT}, {"type": "object", "additionalProperties": TEXT}),
        ({"anyOf": [TEXT, {"const": 1}]}, {"anyOf": [TEXT, {"enum": [1], "type": "integer"}]}),
        ({"not": TEXT, "if": TEXT, "then": TEXT, "else": TEXT}, {}),
        (
            {"allOf": [{"type": "object", "properties": {"a": TEXT}}, {"properties": {"b": TEXT}, "required": ["b"]}]},
            {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["b"]},
        ),
        ({"description": 5, "title": None, "format": "uuid", "type": "string"}, {**TEXT, "format": "uuid"}),
    ],
)
def test_a_schema_keeps_what_gemini_reads(given: Any, sent: Json) -> None:
    assert cleaned_property(given) == sent


def test_definitions_are_found_under_both_names() -> None:
    sent = clean(
        {"type": "object", "properties": {"a": {"$ref": "#/definitions/A"}}, "definitions": {"A": TEXT, "B": TEXT}}
    )
    assert sent["properties"]["a"] == {"$ref": "#/$defs/A"} and sent["$defs"] == {"A": TEXT}


def test_words_beside_a_reference_move_to_its_target() -> None:
    sent = clean(
        {
            "properties": {
                "a": {"$ref": "#/$defs/A", "description": "Here.", "default": 1},
                "b": {"$ref": "#/$defs/A"},
            },
            "$defs": {"A": {**TEXT, "description": "A text."}},
        }
    )
    assert sent["properties"] == {"a": {"$ref": "#/$defs/A"}, "b": {"$ref": "#/$defs/A"}}
    assert sent["$defs"]["A"]["description"] == "A text. Here."


def test_more_than_words_beside_a_reference_is_merged_with_its_target() -> None:
    beside = {"$ref": "#/$defs/A", "properties": {"b": TEXT}}
    sent = cleaned_property(beside, **{"$defs": {"A": {"type": "object", "properties": {"a": TEXT}}}})
    assert sent == {"type": "object", "properties": {"a": TEXT, "b": TEXT}}


def test_one_reference_alone_in_all_of_stays_a_reference() -> None:
    sent = cleaned_property({"allOf": [{"$ref": "#/$defs/A"}], "description": "Mine."}, **{"$defs": {"A": TEXT}})
    assert sent == {"$ref": "#/$defs/A"}


def test_a_reference_at_the_root_is_followed() -> None:
    assert clean({"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {"a": TEXT}}}}) == {
        "type": "object",
        "properties": {"a": TEXT},
    }


def test_recursion_through_what_may_be_absent_stays() -> None:
    sent = clean({"type": "object", "properties": {"t": {"$ref": "#/$defs/Tree"}}, "$defs": {"Tree": TREE}})
    assert sent["$defs"]["Tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}


def test_recursion_through_what_is_required_is_cut() -> None:
    tree = {**TREE, "required": ["children"]}
    sent = cleaned_property({"$ref": "#/$defs/Tree"}, **{"$defs": {"Tree": tree}})
    depth = 0
    while "properties" in sent:
        sent = sent["properties"]["children"]["items"]
        depth += 1
    assert depth == 5 and sent == {"type": "object"}


def test_references_elsewhere_are_written_out() -> None:
    sent = clean(
        {
            "type": "object",
            "properties": {
                "a": {"type": "object", "properties": {"x": TEXT}},
                "b": {"$ref": "#/properties/a/properties/x"},
            },
        }
    )
    assert sent["properties"]["b"] == TEXT


def test_a_schema_that_contains_itself_is_cut() -> None:
    assert "$ref" not in json.dumps(clean({"type": "object", "properties": {"self": {"$ref": "#"}}}))


@pytest.mark.parametrize(
    "given",
    [
        "string",
        None,
        {"$ref": "https://example.com/a.json"},
        {"$ref": "#/$defs/None"},
        {"$ref": 7},
    ],
)
def test_a_schema_without_meaning_is_refused(given: Any) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        cleaned_property(given)
    assert refusal.value.param == "response_format"


def test_false_is_a_property_and_a_branch_that_is_never_there() -> None:
    given = {
        "type": "object",
        "properties": {"a": {"anyOf": [False, {"type": "string"}]}, "b": False},
        "required": ["b"],
    }
    assert clean(given) == {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}]}}}


def test_parameters_are_always_an_object() -> None:
    assert parameters({"properties": {"a": TEXT}}) == {"type": "object", "properties": {"a": TEXT}}
    assert not takes_nothing(parameters({"type": "object", "additionalProperties": True}))
    assert not parameters({})
    assert takes_nothing(parameters({"type": "object", "properties": {}, "additionalProperties": False}))
    with pytest.raises(InvalidRequest):
        parameters(TEXT)


def parameters(given: Json) -> Json:
    found = schemas.of_tool(given, "gemini", "tools[0].function.parameters", Budget())
    assert found is not None
    return found


@pytest.mark.parametrize(
    "given",
    [
        {"type": "object", "properties": {str(n): {"$ref": "#"} for n in range(50)}},
        {
            "$defs": {"A": {"allOf": [{"$ref": "#/$defs/A"}] * 50}},
            "properties": {"a": {"allOf": [{"$ref": "#/$defs/A"}] * 50}},
        },
        {
            "$defs": {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(2000)} | {"2000": TEXT},
            "properties": {"a": {"$ref": "#/$defs/0"}},
        },
        {
            "$defs": {
                "A": {"type": "object", "required": ["a", "b"], "properties": {n: {"$ref": "#/$defs/A"} for n in "ab"}}
            },
            "$ref": "#/$defs/A",
        },
    ],
)
def test_no_schema_grows_without_end(given: Json) -> None:
    began = time.monotonic()
    assert len(json.dumps(clean(given))) < 10**7
    assert time.monotonic() - began < 3


KEYWORDS = [*GEMINI_KEYWORDS, *WORDS, "$ref", "allOf", "const", "nullable", "not", "$defs", "definitions"]
VALUES = ["string", "object", "array", "#", "#/$defs/a", "#/definitions/a", "#/properties/a/anyOf/0", "a", 1, 2.5, True]
nested = st.recursive(
    st.sampled_from([*VALUES, False, None]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYWORDS, "a", "b"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=examples(500), suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*KEYWORDS, "a"]), nested, max_size=5))
def test_any_schema_is_fitted_or_refused(asked: Json) -> None:
    try:
        clean(asked)
    except InvalidRequest as refusal:
        assert refusal.param == "response_format"


def test_a_schema_nested_too_deeply_is_refused() -> None:
    deep: Json = TEXT
    for _ in range(3000):
        deep = {"type": "array", "items": deep}
    with pytest.raises(InvalidRequest):
        schemas.of_reply(deep, "gemini", "response_format", Budget())
