"""JSON mode with Claude: a fence around the JSON, and what stands beside it, is taken off."""

import json

import pytest

from inference.chat.reply import Delta
from inference.dialects import anthropic
from tests.inference.dialects.anthropic.claude import (
    block,
    deltas,
    rendered,
    reply,
    said,
    start,
    stopped,
    text,
)

JSON_MODE = {"response_format": {"type": "json_object"}}


@pytest.mark.parametrize("fenced", ['```json\n{"a": 1}\n```', '```\n{"a": 1}```\n', ' ```JSON \n{"a": 1}\n``` '])
def test_a_fence_around_json_is_taken_off(fenced: str) -> None:
    events = [start(), *block(0, text(""), *({"type": "text_delta", "text": letter} for letter in fenced)), *stopped()]
    assert reply(*events, **JSON_MODE).message["content"] == '{"a": 1}'


@pytest.mark.parametrize(
    "words", ['{"a": "```json"}', "```json\n{broken\n```", "``` is a fence", "Here is {name}.", ""]
)
def test_what_is_no_fence_around_json_stays(words: str) -> None:
    assert reply(start(), *said(words), *stopped(), **JSON_MODE).message["content"] == words


AROUND = ["```json\n{}\n```", "Here:\n```json\n{}\n```\nIs that it?", "Sure!\n\n{}", " ```\r\n{}```", "{}\n\nDone."]


@pytest.mark.parametrize("words", [words.replace("{}", '{"a": "} ``` \\" {", "b": [{}]}') for words in AROUND])
def test_what_is_around_the_json_is_taken_off_in_any_split_of_the_stream(words: str) -> None:
    for size in (1, 2, 3, 7, 100):
        pieces = [{"type": "text_delta", "text": words[at : at + size]} for at in range(0, len(words), size)]
        found, _ = deltas(start(), *block(0, text(""), *pieces), *stopped(), stream=True, **JSON_MODE)
        told = "".join(delta.fields.get("content", "") for delta in found)
        assert json.loads(told) == {"a": '} ``` " {', "b": [{}]}


def test_json_is_told_as_it_comes() -> None:
    messages = anthropic.stream(rendered(stream=True, **JSON_MODE))
    events = [start(), *said('{"a":')]
    assert [delta for event in events for delta in messages.take(event)] == [Delta({"content": '{"a":'})]


def test_a_fence_without_json_mode_is_the_models_own() -> None:
    assert reply(start(), *said("```json\n{}\n```"), *stopped()).message["content"] == "```json\n{}\n```"
