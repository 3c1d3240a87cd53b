"""Whatever stands anywhere in a body: it is read, or refused with a sentence. Never a traceback."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.api import chat, messages, responses, sealed
from inference.chat.budget import TooMuchHere
from inference.chat.format import Format
from inference.chat.invalid_request import InvalidRequest
from tests.properties import examples

few = settings(max_examples=examples(400), deadline=None, suppress_health_check=list(HealthCheck), database=None)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(
        ["text", "thinking", "tool_use", "tool_result", "reasoning", "function_call", sealed.PREFIX + "e30"]
    ),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
SEALED = sealed.seal({"calls": {"c1": {"google": {"thought_signature": "YQ=="}}}, "blocks": [{"type": "thinking"}]})

BODIES: dict[Format, dict[str, Any]] = {
    chat: {
        "model": "gpt-5.2",
        "max_tokens": 10,
        "reasoning": {"effort": "low", "max_tokens": 5, "enabled": True},
        "usage": {"include": True},
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}],
    },
    messages: {
        "model": "claude",
        "max_tokens": 10,
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "metadata": {"user_id": "u"},
        "stop_sequences": ["x"],
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        "tools": [
            {"name": "t", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}},
            {"type": "computer_20250124", "name": "computer", "display_width_px": 1, "allowed_callers": ["direct"]},
        ],
        "tool_choice": {"type": "tool", "name": "t", "disable_parallel_tool_use": True},
        "cache_control": {"type": "ephemeral"},
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "YQ=="}},
                    {"type": "document", "title": "d", "source": {"type": "text", "data": "words"}},
                    {"type": "search_result", "title": "t", "content": [{"type": "text", "text": "a"}]},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "h", "signature": SEALED},
                    {"type": "redacted_thinking", "data": SEALED},
                    {"type": "text", "text": "a", "citations": [{"type": "char_location"}]},
                    {"type": "tool_use", "id": "c1", "name": "t", "input": {"a": 1}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "is_error": True,
                        "content": [{"type": "text", "text": "r"}],
                    }
                ],
            },
        ],
    },
    responses: {
        "model": "codex",
        "instructions": "i",
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["a"],
        "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
        "tools": [
            {"type": "function", "name": "t", "parameters": {}},
            {"type": "custom", "name": "u"},
            {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "v"}]},
        ],
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "t"}]},
        "metadata": {"a": "b"},
        "max_output_tokens": 10,
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_image", "image_url": "data:image/png;base64,YQ=="},
                    {"type": "input_file", "file_data": "data:text/plain;base64,YQ=="},
                ],
            },
            {
                "type": "reasoning",
                "id": "r",
                "summary": [{"type": "summary_text", "text": "h"}],
                "encrypted_content": SEALED,
            },
            {
                "type": "message",
                "role": "assistant",
                "phase": "commentary",
                "content": [{"type": "output_text", "text": "a"}],
            },
            {"type": "function_call", "call_id": "c1", "name": "v", "namespace": "n", "arguments": "{}"},
            {"type": "custom_tool_call", "call_id": "c2", "name": "u", "input": "x"},
            {"type": "function_call_output", "call_id": "c1", "output": "o"},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "o"}]},
        ],
    },
}
NAMES = {format.__name__.rpartition(".")[2]: format for format in BODIES}  # type: ignore[attr-defined]


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield way
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, held in inner:
        yield from places(held, (*way, name))


def replaced(body: dict[str, Any], way: tuple[Any, ...], value: Any) -> dict[str, Any]:
    body = copy.deepcopy(body)
    at: Any = body
    for step in way[:-1]:
        at = at[step]
    at[way[-1]] = value
    return body


@pytest.mark.parametrize("name", NAMES)
def test_a_full_body_is_read(name: str) -> None:
    request = NAMES[name].read(json.dumps(BODIES[NAMES[name]]).encode())
    assert request.messages


@pytest.mark.parametrize("name", NAMES)
@few
@given(data=st.data())
def test_anything_anywhere_is_read_or_refused_with_a_sentence(name: str, data: st.DataObject) -> None:
    format = NAMES[name]
    way = data.draw(st.sampled_from([way for way in places(BODIES[format]) if way]))
    body = json.dumps(replaced(BODIES[format], way, data.draw(VALUES))).encode()
    try:
        format.read(body, on_loop=data.draw(st.booleans()))
    except InvalidRequest as refused:
        assert refused.message and refused.code
    except TooMuchHere:
        pass


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("broken", [b"", b"[]", b"null", b"{", b'{"model": 1}', b'{"messages": [], "input": []}'])
def test_what_is_no_request_is_refused(name: str, broken: bytes) -> None:
    with pytest.raises(InvalidRequest):
        NAMES[name].read(broken)
