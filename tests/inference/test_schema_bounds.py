"""No schema, however it is built, takes more than its size allows."""

import json
import time
from contextlib import suppress

import pytest

from inference.chat.budget import MOST_SCHEMAS, Budget
from inference.chat.invalid_request import InvalidRequest
from inference.dialects import schemas
from tests.inference.schema_judges import PLACE, TOOLS, TRIES, Json


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
