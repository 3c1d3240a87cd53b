from typing import Any

import pytest

from inference.chat import validation_messages

from .test_request import HELLO, refusal


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"temperature": "hot"}, "temperature must be a number."),
        ({"max_tokens": 1.5}, "max_tokens must be an integer."),
        ({"stream": "yes"}, "stream must be true or false."),
        ({"n": 0}, "n must be at least 1."),
        ({"top_p": 2}, "top_p must be at most 1.0."),
        ({"metadata": []}, "metadata must be an object."),
        ({"stop": ["a", 5]}, "stop[1] must be a string."),
        ({"tools": {}}, "tools must be an array."),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content must be a string."),
        ({"messages": [{"role": "user", "content": {"a": 1}}]}, "messages[0].content must be a string."),
        ({"messages": [{"role": "user", "content": [5]}]}, "messages[0].content[0] must be an object."),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "'messages[0].content[0].text'."),
        ({"messages": [{"role": "user", "content": [{"text": "a"}]}]}, "messages[0].content[0] needs a 'type'."),
        (
            {"messages": [{"role": "user", "content": [{"type": "video"}]}]},
            "messages[0].content[0] has the unknown type 'video'",
        ),
        ({"messages": [*HELLO, {"role": "x"}]}, "messages[1].role must be one of 'system', 'developer', 'user'"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "a", "function": {}}]}]},
            "'messages[0].tool_calls[0].function.name'.",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": 5}]}]},
            "messages[0].content[0].image_url must be an object.",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": 5}}]}]},
            "messages[0].content[0].file.file_data must be a string.",
        ),
        ({"tools": [{"type": "function", "function": {"name": "{at}"}}]}, "tools[0].function.name must match"),
        ({"tool_choice": "always"}, "tool_choice must be"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "'response_format.json_schema.name'."),
    ],
)
def test_the_place_and_the_trouble_are_one_sentence(fields: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(**fields).message


@pytest.mark.parametrize(
    ("fields", "place", "param"),
    [
        ({"user": "a\0b"}, "user", "user"),
        ({"metadata": {"a\0": "b"}}, "metadata", "metadata"),
        ({"made_up": [["\0"]]}, "made_up[0][0]", "made_up"),
        ({"\0": 1}, "A field name", None),
    ],
)
def test_a_nul_is_refused_where_it_stands(fields: dict[str, Any], place: str, param: str | None) -> None:
    refused = refusal(**fields)
    assert refused.message.startswith(f"{place} contains a NUL character")
    assert refused.param == param


def test_a_backslash_before_u0000_is_no_nul() -> None:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "\\\\u0000"}]}'
    assert validation_messages.may_hold_nul(body)
    validation_messages.refuse_nul({"a": "\\u0000"})
