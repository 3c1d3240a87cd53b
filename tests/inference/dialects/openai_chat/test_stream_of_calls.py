"""Calls of tools as they come in a stream: numbered, named, each begun once."""

import pytest

from inference.chat.provider_error import ProviderError
from tests.inference.dialects.openai_chat.asking import chunk, fields, finishes, fragment, more, start, streamed


def test_a_call_starts_once_and_then_asks() -> None:
    stream = (
        fragment(0, call_id="call_a", name="f", arguments=""),
        fragment(arguments='{"a":'),
        fragment(arguments="1}"),
        chunk(finish="tool_calls"),
    )
    assert fields(*stream) == [start(0, "call_a", "f"), more(0, '{"a":'), more(0, "1}")]


def test_qwens_empty_ids_names_and_nulls_are_no_news() -> None:
    stream = (
        fragment(0, call_id="call_a", name="f", arguments='{"a":'),
        fragment(0, call_id="", name="", arguments="1}"),
        fragment(0, call_id="", arguments=None),
        chunk(finish="tool_calls"),
    )
    assert fields(*stream) == [start(0, "call_a", "f"), more(0, '{"a":'), more(0, "1}")]


def test_a_call_that_asks_nothing_asks_an_empty_object() -> None:
    assert fields(fragment(0, call_id="a", name="f", arguments=""), chunk(finish="tool_calls")) == [
        start(0, "a", "f"),
        more(0, "{}"),
    ]


def test_calls_in_one_chunk_and_across_chunks_have_numbers_of_their_own() -> None:
    both = chunk(
        {
            "tool_calls": [
                {"index": at, "id": f"call_{at}", "function": {"name": "f", "arguments": f"[{at}]"}} for at in (0, 1)
            ]
        }
    )
    stream = (both, fragment(2, call_id="call_2", name="f", arguments="[2]"), chunk(finish="tool_calls"))
    calls = streamed(*stream).choices[0].message["tool_calls"]
    assert [(each["id"], each["function"]["arguments"]) for each in calls] == [
        ("call_0", "[0]"),
        ("call_1", "[1]"),
        ("call_2", "[2]"),
    ]


@pytest.mark.parametrize("indices", [(0, 0), (None, None), (1, 2), (5, 0)])
def test_calls_are_numbered_from_zero_whatever_the_provider_does(indices: tuple[int | None, int | None]) -> None:
    stream = [fragment(index, call_id=f"call_{at}", name="f", arguments=f"[{at}]") for at, index in enumerate(indices)]
    calls = streamed(*stream, chunk(finish="tool_calls")).choices[0].message["tool_calls"]
    assert [each["function"]["arguments"] for each in calls] == ["[0]", "[1]"]


def test_fragments_without_an_index_belong_to_the_last_call() -> None:
    stream = (
        fragment(None, call_id="a", name="f", arguments='{"a'),
        fragment(None, arguments='":1}'),
        chunk(finish="tool_calls"),
    )
    assert streamed(*stream).choices[0].message["tool_calls"][0]["function"]["arguments"] == '{"a":1}'


def test_a_new_id_without_a_name_is_the_same_call() -> None:
    stream = (
        fragment(0, call_id="a", name="f", arguments="{"),
        fragment(0, call_id="b", arguments="}"),
        chunk(finish="tool_calls"),
    )
    assert fields(*stream) == [start(0, "a", "f"), more(0, "{"), more(0, "}")]
    assert finishes(*stream) == [(0, "tool_calls")]


def test_a_call_waits_for_its_name() -> None:
    stream = (fragment(0, call_id="a", arguments="{"), fragment(0, name="f", arguments="}"), chunk(finish="tool_calls"))
    assert fields(*stream) == [start(0, "a", "f"), more(0, "{}")]


def test_a_call_that_never_has_a_name_is_a_broken_reply() -> None:
    with pytest.raises(ProviderError) as fault:
        streamed(fragment(0, call_id="a", arguments='{"x": 1}'), chunk(finish="tool_calls"))
    assert fault.value.code == "bad_upstream_response"


def test_a_call_without_an_id_gets_one() -> None:
    call = (
        streamed(fragment(0, name="f", arguments="{}"), chunk(finish="tool_calls")).choices[0].message["tool_calls"][0]
    )
    assert len(call["id"]) == 29


def test_a_function_call_of_2023_is_a_tool_call() -> None:
    stream = (
        chunk({"function_call": {"name": "f", "arguments": ""}}),
        chunk({"function_call": {"arguments": "[1]"}}),
        chunk(finish="function_call"),
    )
    choice = streamed(*stream).choices[0]
    assert choice.message["tool_calls"][0]["function"] == {"name": "f", "arguments": "[1]"}
    assert choice.finish_reason == "tool_calls"
