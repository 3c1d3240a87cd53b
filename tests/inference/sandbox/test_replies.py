"""What is answered, whatever the format."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.sandbox.schema_samples import Sampler
from inference.sandbox.word_tokens import count, count_words, pieces
from tests.inference.sandbox.upstream import ALL, CITY, Upstream, function, says, streamed_text, text_of

CHAT = ("openai", "moonshot", "qwen")
BOOK = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "year": {"type": "integer", "minimum": 1900, "maximum": 2100},
        "kind": {"enum": ["novel", "poem"]},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "by": {"$ref": "#/$defs/person"},
        "price": {"anyOf": [{"type": "number"}, {"type": "null"}]},
    },
    "required": ["title", "year", "by"],
    "$defs": {"person": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
}


@pytest.mark.parametrize("wire", ALL)
def test_the_same_request_gets_the_same_reply(wire: str, upstream: Upstream) -> None:
    body = says(wire, "How are you?")
    assert upstream.post(wire, body).content == upstream.post(wire, body).content
    assert b"".join(upstream.stream(wire, body)) == b"".join(upstream.stream(wire, body))


@pytest.mark.parametrize("wire", ALL)
def test_a_stream_says_what_the_whole_reply_says(wire: str, upstream: Upstream) -> None:
    body = says(wire, "How are you, 大家好 😀?")
    whole = text_of(wire, upstream.post(wire, body).json())
    assert "How are you, 大家好 😀?" in whole
    assert streamed_text(wire, upstream.events(wire, body)) == whole


@pytest.mark.parametrize("wire", ALL)
def test_it_says_as_many_words_as_it_is_told(wire: str, upstream: Upstream) -> None:
    assert len(text_of(wire, upstream.post(wire, says(wire, "Please say 12 words.")).json()).split()) == 12
    assert len(text_of(wire, upstream.post(wire, says(wire, "hello [[words=7]]")).json()).split()) == 7


@pytest.mark.parametrize("wire", ALL)
def test_it_says_exactly_what_it_is_told(wire: str, upstream: Upstream) -> None:
    text = "a.txt\n```\nb\n```"
    body = says(wire, f"so say exactly {json.dumps(text)}, please")
    assert text_of(wire, upstream.post(wire, body).json()) == text


@pytest.mark.parametrize("wire", ALL)
def test_line_separators_survive(wire: str, upstream: Upstream) -> None:
    odd = "one\u2028two\u0085three\x0bfour"
    assert odd in text_of(wire, upstream.post(wire, says(wire, odd)).json())


@pytest.mark.parametrize("wire", CHAT)
@pytest.mark.parametrize(("prompt", "cities"), [
    ("What is the weather in Paris?", ["Paris"]),
    ("Use the tool for Rome", ["Rome"]),
    ("Call get_weather twice, for Paris and Rome", ["Paris", "Rome"]),
    ("How are you?", []),
])  # fmt: skip
def test_tools_are_called_when_asked_for(wire: str, prompt: str, cities: list[str], upstream: Upstream) -> None:
    message = upstream.post(wire, says(wire, prompt, tools=[function()])).json()["choices"][0]["message"]
    assert [json.loads(call["function"]["arguments"])["city"] for call in message.get("tool_calls", ())] == cities


def test_parallel_calls_can_be_switched_off(upstream: Upstream) -> None:
    body = says("openai", "weather in Paris and Rome, both", tools=[function()], parallel_tool_calls=False)
    assert len(upstream.post("openai", body).json()["choices"][0]["message"]["tool_calls"]) == 1


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_weather"}}])
def test_a_forced_tool_is_called_without_being_named(choice: Any, upstream: Upstream) -> None:
    body = says("openai", "hello", tools=[function(), function("other_tool")], tool_choice=choice)
    reply = upstream.post("openai", body).json()["choices"][0]
    assert reply["finish_reason"] == "tool_calls"
    assert reply["message"]["tool_calls"][0]["function"]["name"] == "get_weather"


def test_no_tool_is_called_when_none_may_be(upstream: Upstream) -> None:
    body = says("openai", "weather in Paris", tools=[function()], tool_choice="none")
    assert upstream.post("openai", body).json()["choices"][0]["finish_reason"] == "stop"


def test_several_choices_are_several(upstream: Upstream) -> None:
    reply = upstream.post("openai", says("openai", "hello", n=3)).json()
    assert len({choice["message"]["content"] for choice in reply["choices"]}) == 3
    assert reply["usage"]["completion_tokens"] == sum(
        count(choice["message"]["content"]) for choice in reply["choices"]
    )


@pytest.mark.parametrize(("wire", "limit", "tokens", "reason"), [
    ("openai", {"max_completion_tokens": 5}, 5, "length"),
    ("moonshot", {"max_completion_tokens": 12}, 12, "length"),
    ("qwen", {"max_tokens": 5}, 5, "length"),
    ("anthropic", {"max_tokens": 5}, 5, "max_tokens"),
    ("gemini", {"generationConfig": {"maxOutputTokens": 12}}, 12, "MAX_TOKENS"),
    ("responses", {"max_output_tokens": 16}, 16, "max_output_tokens"),
])  # fmt: skip
def test_the_length_is_kept(wire: str, limit: dict[str, Any], tokens: int, reason: str, upstream: Upstream) -> None:
    response = upstream.post(wire, says(wire, "say 40 words") | limit)
    assert f'"{reason}"' in response.text
    assert upstream.meter()[-1]["usage"]["output"] == tokens


@pytest.mark.parametrize(("wire", "stops"), [
    ("moonshot", {"stop": "glad"}),
    ("qwen", {"stop": ["glad"]}),
    ("anthropic", {"stop_sequences": ["glad", "never"]}),
    ("gemini", {"generationConfig": {"stopSequences": ["glad"]}}),
])  # fmt: skip
def test_a_stop_string_stops(wire: str, stops: dict[str, Any], upstream: Upstream) -> None:
    reply = upstream.post(wire, says(wire, "hello") | stops).json()
    assert text_of(wire, reply).endswith("the sandbox is ")
    assert reply.get("stop_sequence") == ("glad" if wire == "anthropic" else None)


def test_a_schema_gets_an_instance(upstream: Upstream) -> None:
    format = {"type": "json_schema", "json_schema": {"name": "book", "schema": BOOK}}
    content = upstream.post("openai", says("openai", "a book by Ursula", response_format=format)).json()
    jsonschema.validate(json.loads(text_of("openai", content)), BOOK)


def test_json_mode_gives_json(upstream: Upstream) -> None:
    body = says("qwen", "in json please", response_format={"type": "json_object"})
    assert json.loads(text_of("qwen", upstream.post("qwen", body).json()))["answer"]


@pytest.mark.parametrize("whole", [True, False])
def test_samples_are_valid(whole: bool) -> None:
    for schema in (BOOK, CITY, {"type": "object", "properties": {}}):
        jsonschema.validate(Sampler(schema, "Paris, Rome", 1, whole=whole).sample(), schema)


@given(st.text())
def test_words_joined_are_the_text_and_count_the_same(text: str) -> None:
    assert "".join(pieces(text)) == text
    assert count_words(pieces(text)) == count(text)
