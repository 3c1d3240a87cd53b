"""What the sandbox's Gemini refuses, and in which words."""

from typing import Any

import pytest

from tests.inference.sandbox.upstream import CITY, FORMATS, GOOGLE, Upstream, says

DUMMY = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
THIRD, PRO, FLASH = "gemini-3-flash-preview", "gemini-2.5-pro", "gemini-2.5-flash"
TOOLS = {"tools": [{"functionDeclarations": [{"name": "get_weather", "parametersJsonSchema": CITY}]}]}
ASKED = {"role": "user", "parts": [{"text": "x"}]}
CALL = {"functionCall": {"id": "a", "name": "get_weather", "args": {}}}
SIGNED = {**CALL, "thoughtSignature": DUMMY}
ANSWER = {"functionResponse": {"id": "a", "name": "get_weather", "response": {"output": "1"}}}


def config(**fields: Any) -> dict[str, Any]:
    return {"generationConfig": fields}


def thinking(**fields: Any) -> dict[str, Any]:
    return config(thinkingConfig=fields)


def calling(**fields: Any) -> dict[str, Any]:
    return {**TOOLS, "toolConfig": {"functionCallingConfig": fields}}


def turns(*parts: list[Any]) -> dict[str, Any]:
    return {
        "contents": [{"role": ("user", "model")[nth % 2], "parts": each} for nth, each in enumerate(parts)],
        **TOOLS,
    }


def declared(**schema: Any) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object", **schema}}]}]}


def part(part: dict[str, Any]) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [part]}]}


SPOKEN = [{"text": "x"}]
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "an unknown field": (THIRD, {"cachedContent": "x"}, 'Unknown name "cachedContent"'),
    "an unknown field inside": (THIRD, config(mood=1), "at 'generation_config'"),
    "a text where a number belongs": (THIRD, config(temperature="1"), "TYPE_FLOAT"),
    "another role": (THIRD, {"contents": [{**ASKED, "role": "system"}]}, "Please use a valid role: user, model."),
    "no contents": (THIRD, {"contents": []}, "contents is not specified"),
    "no parts": (THIRD, {"contents": [{"role": "user", "parts": []}]}, "must not be empty"),
    "an empty part": (THIRD, part({}), "required oneof field 'data'"),
    "two things in a part": (THIRD, part({"text": "a", **CALL}), "oneof"),
    "a picture that is not base64": (
        THIRD,
        part({"inlineData": {"mimeType": "image/png", "data": "!"}}),
        "Base64 decoding failed",
    ),
    "a drawing": (THIRD, part({"inlineData": {"mimeType": "image/svg+xml", "data": "AAAA"}}), "mime_type"),
    "too much to say": (THIRD, config(maxOutputTokens=65_537), "65537 (exclusive)"),
    "six stops": (THIRD, config(stopSequences=list("abcdef")), "stop_sequences"),
    "two candidates": (THIRD, config(candidateCount=2), "candidate_count"),
    "a penalty on 2.5": (FLASH, config(presencePenalty=1), "Penalty is not enabled"),
    "level and budget": (
        THIRD,
        thinking(thinkingLevel="LOW", thinkingBudget=5),
        "only one of thinking budget and thinking level",
    ),
    "a level on 2.5": (PRO, thinking(thinkingLevel="LOW"), "Thinking level is not supported"),
    "minimal thinking on 3.1 pro": ("gemini-3.1-pro-preview", thinking(thinkingLevel="MINIMAL"), "not supported"),
    "no thinking on 2.5 pro": (PRO, thinking(thinkingBudget=0), "only works in thinking mode"),
    "too large a budget": (FLASH, thinking(thinkingBudget=24_577), "between 0 and 24576"),
    "thoughts of a model that has none": (FLASH, thinking(thinkingBudget=0, includeThoughts=True), "include_thoughts"),
    "JSON beside tools on 2.5": (FLASH, {**TOOLS, **config(responseMimeType="application/json")}, "is unsupported"),
    "a schema for plain text": (THIRD, config(responseJsonSchema=CITY), "can only be used with mime type"),
    "a calling mode without tools": (
        THIRD,
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
        "without function_declarations",
    ),
    "allowed names on auto": (
        THIRD,
        calling(mode="AUTO", allowedFunctionNames=["get_weather"]),
        "only when function calling mode",
    ),
    "an allowed name of no tool": (THIRD, calling(mode="ANY", allowedFunctionNames=["f"]), "not declared"),
    "one name twice": (
        THIRD,
        {"tools": [{"functionDeclarations": TOOLS["tools"][0]["functionDeclarations"] * 2}]},
        "Duplicate",
    ),
    "a name that starts with a digit": (THIRD, {"tools": [{"functionDeclarations": [{"name": "1a"}]}]}, "Invalid name"),
    "a pattern in a schema": (
        THIRD,
        declared(properties={"a": {"type": "string", "pattern": "x"}}),
        "keyword 'pattern' is not supported",
    ),
    "a constant in a schema": (THIRD, declared(properties={"a": {"const": 1}}), "keyword 'const' is not supported"),
    "a required stranger": (THIRD, declared(required=["a"]), "property is not defined"),
    "a reference with neighbours": (
        THIRD,
        declared(properties={"a": {"$ref": "#/$defs/b", "description": "x"}}),
        "$ref",
    ),
    "closed objects in the older language": (
        THIRD,
        {"tools": [{"functionDeclarations": [{"name": "f", "parameters": {**CITY, "additionalProperties": False}}]}]},
        "additionalProperties",
    ),
    "an unsigned call of this turn": (THIRD, turns(SPOKEN, [CALL], [ANSWER]), "missing a thought_signature"),
    "a forged signature": (
        THIRD,
        turns(SPOKEN, [{**CALL, "thoughtSignature": "AAAA"}], [ANSWER]),
        "Corrupted thought signature",
    ),
    "a call without an answer": (THIRD, turns(SPOKEN, [SIGNED], SPOKEN), "number of function response parts"),
    "half of the answers": (THIRD, turns(SPOKEN, [SIGNED, CALL], [ANSWER]), "number of function response parts"),
    "an answer to nothing": (THIRD, turns(SPOKEN, SPOKEN, [ANSWER]), "immediately after a function call turn"),
    "an answer to another": (
        THIRD,
        turns(SPOKEN, [SIGNED], [{"functionResponse": {**ANSWER["functionResponse"], "id": "b"}}]),
        "does not match",
    ),
}


def path(model: str, method: str = "generateContent") -> str:
    return f"/gemini/v1beta/models/{model}:{method}"


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str, upstream: Upstream) -> None:
    model, change, words = REFUSED[case]
    response = upstream.post("gemini", says("gemini", "hello") | change, path=path(model))
    assert response.status_code == 400, response.text
    assert response.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert words in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (
            THIRD,
            turns(
                SPOKEN,
                [SIGNED, {**CALL, "functionCall": {**CALL["functionCall"], "id": "b"}}],
                [ANSWER, {"functionResponse": {**ANSWER["functionResponse"], "id": "b"}}],
            ),
        ),
        (THIRD, turns(SPOKEN, [CALL], [ANSWER], SPOKEN, SPOKEN)),
        (PRO, turns(SPOKEN, [CALL], [ANSWER])),
        (THIRD, {**TOOLS, **config(responseMimeType="application/json", responseJsonSchema=CITY)}),
        (PRO, thinking(thinkingBudget=-1, includeThoughts=True)),
        (FLASH, {"generation_config": {"thinking_config": {"thinking_budget": 0}}}),
        (THIRD, {"safetySettings": None, **thinking(thinkingLevel="low")}),
        (THIRD, calling(mode="ANY", allowedFunctionNames=["get_weather"])),
    ],
)
def test_it_takes(model: str, change: dict[str, Any], upstream: Upstream) -> None:
    response = upstream.post("gemini", says("gemini", "hello") | change, path=path(model))
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [({}, 403, "PERMISSION_DENIED"), ({"x-goog-api-key": "wrong"}, 400, "INVALID_ARGUMENT")],
)
def test_it_wants_a_key(headers: dict[str, str], status: int, kind: str, upstream: Upstream) -> None:
    response = upstream.post("gemini", says("gemini", "hello"), headers=headers)
    assert (response.status_code, response.json()["error"]["status"]) == (status, kind)


def test_a_bad_key_is_told_by_its_reason(upstream: Upstream) -> None:
    response = upstream.post("gemini", says("gemini", "hello"), headers={"x-goog-api-key": "wrong"})
    assert response.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"


def test_it_names_a_model_it_does_not_have(upstream: Upstream) -> None:
    response = upstream.post("gemini", says("gemini", "hello"), path=path("gemini-3-pro-preview"))
    assert (response.status_code, response.json()["error"]["status"]) == (404, "NOT_FOUND")


def test_an_error_of_the_streaming_method_is_an_array_of_one(upstream: Upstream) -> None:
    response = upstream.post("gemini", {"contents": []}, path=path(THIRD, "streamGenerateContent?alt=sse"))
    assert [set(each) for each in response.json()] == [{"error"}]


def test_the_key_is_not_read_from_the_url(upstream: Upstream) -> None:
    assert upstream.http.post(f"{FORMATS['gemini'][0]}?key=a", json=says("gemini", "x")).status_code == 403
    assert upstream.post("gemini", says("gemini", "x"), headers=GOOGLE).status_code == 200
