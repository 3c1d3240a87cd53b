"""Function calls in pieces, as Vertex streams them where arguments are asked for as they come."""

import json
from typing import Any

import pytest

from tests.inference.dialects.gemini.asking import Json, answer, broken, function_call, gathered, streamed, text


def begun(name: str = "f", **said: Any) -> Json:
    return {"functionCall": {"name": name, "willContinue": True, **said}}


def piece(path: str, **value: Any) -> Json:
    return {"functionCall": {"partialArgs": [{"jsonPath": path, **value}], "willContinue": True}}


ENDED: Json = {"functionCall": {}}


def calls(*parts: Json) -> list[tuple[str, Any]]:
    found = gathered(streamed(*(answer(part) for part in parts), answer(finish="STOP"))[0])
    assert found.finish_reason == "tool_calls"
    return [
        (call["function"]["name"], json.loads(call["function"]["arguments"])) for call in found.message["tool_calls"]
    ]


def test_pieces_of_a_text_add_up() -> None:
    assert calls(begun(), piece("$.city", stringValue="Bos"), piece("$.city", stringValue="ton"), ENDED) == [
        ("f", {"city": "Boston"})
    ]


def test_values_of_every_kind_find_their_place() -> None:
    pieces = [
        piece("$.n", numberValue=2.5),
        piece("$.yes", boolValue=False),
        piece("$.none", nullValue="NULL_VALUE"),
        piece("$.list[0].a", stringValue="x"),
        piece("$.list[1].a", stringValue="y"),
        piece("$.texts[0]", stringValue="z"),
        piece("$['odd name']", numberValue=1),
    ]
    args = {"n": 2.5, "yes": False, "none": None, "list": [{"a": "x"}, {"a": "y"}], "texts": ["z"], "odd name": 1}
    assert calls(begun(), *pieces, ENDED) == [("f", args)]


def test_the_next_call_ends_the_one_before() -> None:
    assert calls(begun("f"), begun("g"), piece("$.a", numberValue=1), function_call("h", {})) == [
        ("f", {}),
        ("g", {"a": 1}),
        ("h", {}),
    ]


def test_the_end_of_the_stream_ends_a_call() -> None:
    assert calls(begun(args={"a": 1}), piece("$.b", numberValue=2)) == [("f", {"a": 1, "b": 2})]


def test_a_farewell_to_no_call_says_nothing() -> None:
    found, _ = streamed(answer(ENDED), answer(text("Hi"), finish="STOP"))
    assert gathered(found).message["content"] == "Hi" and found[-1].finish_reason == "stop"


@pytest.mark.parametrize("path", ["", "city", "$", "$.a[7]", "$[0]", "$.a..b", "$.a[x]", 7, None, "$.a[99999999]"])
def test_a_path_that_leads_nowhere_is_a_bad_response(path: Any) -> None:
    assert broken(answer(begun()), answer(piece(path, numberValue=1)))[2].code == "bad_upstream_response"


def test_a_place_taken_by_another_kind_is_a_bad_response() -> None:
    crossed = [answer(piece("$.a", stringValue="x")), answer(piece("$.a.b", stringValue="y"))]
    assert broken(answer(begun()), *crossed)[2].code == "bad_upstream_response"


@pytest.mark.parametrize("name", ["", 7, {}])
def test_a_call_without_a_name_is_a_bad_response(name: Any) -> None:
    assert (
        broken(answer({"functionCall": {"name": name, "args": {"a": 1}}}, finish="STOP"))[2].code
        == "bad_upstream_response"
    )
