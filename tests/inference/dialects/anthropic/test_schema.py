"""JSON Schema as Claude compiles it."""

import json
from typing import Any

import pytest

from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest
from inference.dialects import schemas
from tests.inference.dialects.anthropic.claude import Json, body, rendered, tool

NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}


def fit(given: Json) -> Json:
    return schemas.of_reply(given, "claude_strict", "p", Budget())


def fitted(property_schema: Any) -> Any:
    return fit({"type": "object", "properties": {"x": property_schema}})["properties"]["x"]


def strict(*schemas: Json) -> list[Json]:
    return [tool(f"f{number}", parameters=given, strict=True) for number, given in enumerate(schemas)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "string", "format": "date", "title": "T", "default": "x"}, {"type": "string", "format": "date"}),
        ({"type": "string", "format": "color"}, {"type": "string", "description": 'format: "color"'}),
        ({"type": "null", "description": "A", "maxLength": 3}, {"type": "null", "description": "A\n\nmaxLength: 3"}),
        ({"type": "string", "pattern": "^[a-z]+$"}, {"type": "string", "pattern": "^[a-z]+$"}),
        ({"type": "string", "pattern": "^(?!x)"}, {"type": "string", "description": 'pattern: "^(?!x)"'}),
        ({"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1},
         {"type": "array", "items": {"type": "integer", "description": "minimum: 1"}, "minItems": 1}),
        ({"type": "array", "minItems": 2}, {"type": "array", "description": "minItems: 2"}),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"const": "only"}, {"const": "only"}),
        (True, {}),
        ({"properties": {}}, {"properties": {}, "type": "object", "additionalProperties": False}),
        ({"type": ["object", "null"]}, {"type": ["object", "null"], "additionalProperties": False}),
        ({"type": "object", "additionalProperties": True}, {"type": "object", "additionalProperties": False}),
        ({"type": "object", "properties": {"a": {}}, "required": ["a", "b", 1]},
         {"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}),
    ],
)  # fmt: skip
def test_what_is_compiled_stays_and_the_rest_is_told(given: Any, expected: Json) -> None:
    assert fitted(given) == expected


def test_a_property_may_be_called_like_a_keyword() -> None:
    names = {"title": {"type": "string"}, "default": {"type": "string"}, "$ref": {"type": "string"}}
    assert fit({"type": "object", "properties": names})["properties"] == names


def test_branches_that_agree_are_merged() -> None:
    base = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    given = {
        "$defs": {"Base": base},
        "allOf": [{"$ref": "#/$defs/Base"}, {"properties": {"b": {"type": "null"}}, "required": ["b"]}],
    }
    found = fit(given)
    assert found["properties"] == {"a": {"type": "string"}, "b": {"type": "null"}}
    assert found["required"] == ["a", "b"]
    assert "allOf" not in found


def test_branches_that_contradict_each_other_stay() -> None:
    assert fitted({"allOf": [{"type": "string"}, {"type": "null"}]}) == {
        "allOf": [{"type": "string"}, {"type": "null"}]
    }


def test_definitions_are_fitted_too() -> None:
    given = {
        "type": "object",
        "properties": {"x": {"$ref": "#/$defs/X", "description": "d"}},
        "$defs": {"X": {"type": "object"}},
    }
    found = fit(given)
    assert found["properties"] == {"x": {"$ref": "#/$defs/X"}}
    assert found["$defs"] == {"X": {"type": "object", "additionalProperties": False}}


@pytest.mark.parametrize(
    "given",
    [
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {"x": {"$ref": "https://schemas.example/x"}}},
        {"type": "object", "properties": {"x": {"$ref": "#/$defs/Missing"}}},
        {"$ref": "#/$defs/Node", "$defs": {"Node": NODE}},
        {"type": "object", "properties": {"x": {"$ref": "#"}}},
        {"type": "object", "properties": {"x": False}},
        {"type": "object", "properties": {"x": 5}},
        {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}},
        {"type": "object", "$defs": {f"D{n}": {"$ref": f"#/$defs/D{n + 1}"} for n in range(5000)} | {"D5000": {}}},
    ],
    ids=lambda given: str(given)[:60],
)
def test_what_cannot_be_said_is_refused(given: Json) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        rendered(tools=strict({"type": "object", "properties": {"inner": given}, **given}))
    assert refusal.value.param == "tools[0].function.parameters"


@pytest.mark.parametrize(
    "root",
    [
        {"type": "string"},
        {"$ref": "#/$defs/A", "$defs": {"A": {"type": "array"}}},
    ],
)
def test_a_tools_root_is_an_object(root: Json) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        rendered(tools=[tool(parameters=root)])
    assert refusal.value.param == "tools[0].function.parameters"


@pytest.mark.parametrize("root", [None, {}])
def test_no_parameters_are_an_empty_object(root: Json | None) -> None:
    assert body(tools=[tool(parameters=root)])["tools"][0]["input_schema"] == {"type": "object", "properties": {}}


def test_a_root_reference_is_resolved_and_recursion_left_to_loose_tools() -> None:
    (sent,) = body(tools=[tool(parameters={"$ref": "#/$defs/Node", "$defs": {"Node": NODE}})])["tools"]
    assert sent["input_schema"] == {**NODE, "$defs": {"Node": NODE}}


def test_a_strict_tool_is_fitted() -> None:
    (sent,) = body(tools=strict({"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}}))["tools"]
    assert sent == {
        "name": "f0",
        "strict": True,
        "input_schema": {
            "type": "object",
            "properties": {"n": {"type": "integer", "description": "maximum: 9"}},
            "additionalProperties": False,
        },
    }


OPTIONAL = {"type": "object", "properties": {f"p{n}": {"type": "string", "minLength": 1} for n in range(25)}}
UNIONS = {"type": "object", "properties": {f"p{n}": {"type": ["string", "null"]} for n in range(17)}}
UNIONS["required"] = list(UNIONS["properties"])


@pytest.mark.parametrize(
    "schemas", [[OPTIONAL], [UNIONS], [{"type": "object"}] * 21], ids=["optional", "unions", "tools"]
)
def test_too_much_strictness_is_given_up(schemas: list[Json]) -> None:
    sent = rendered(tools=strict(*schemas))
    assert sent.ignored == ["strict"]
    assert [(declared.get("strict"), declared["input_schema"]) for declared in sent.body["tools"]] == [
        (None, given) for given in schemas
    ]


def test_twenty_strict_tools_are_taken() -> None:
    assert all(declared["strict"] for declared in body(tools=strict(*[{"type": "object"}] * 20))["tools"])


@pytest.mark.parametrize("given", [OPTIONAL, UNIONS], ids=["optional", "unions"])
def test_a_reply_that_cannot_be_held_to_a_schema_is_told_it(given: Json) -> None:
    form = {"name": "x", "schema": given}
    sent = rendered(response_format={"type": "json_schema", "json_schema": form})
    assert sent.transforms == ["schema_in_words"] and "output_config" not in sent.body
    assert json.dumps(given) in sent.body["system"][-1]["text"]
    with pytest.raises(InvalidRequest) as refusal:
        rendered(response_format={"type": "json_schema", "json_schema": {**form, "strict": True}})
    assert refusal.value.param == "response_format"
