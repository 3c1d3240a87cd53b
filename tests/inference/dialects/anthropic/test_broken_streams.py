"""A stream of Claude's that breaks is a fault, and nothing whatever breaks the translator."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.chat.provider_error import ProviderError
from inference.dialects import anthropic
from inference.sse import Event
from tests.inference.dialects.anthropic.claude import (
    broken,
    deltas,
    rendered,
    said,
    sse,
    start,
    stopped,
)


@pytest.mark.parametrize("reason", [16, True, ["end_turn"], {"end_turn": 1}], ids=str)
def test_a_reason_that_is_no_word_is_none(reason: Any) -> None:
    """Without the farewell either, the reply broke off."""
    assert broken(sse(start(), *said("Hel"), stopped(reason)[0]))[2].code == "upstream_truncated"
    assert deltas(start(), *said("Hel"), *stopped(reason))[0][-1].finish_reason == "stop"


def test_an_end_without_a_start_is_no_reply() -> None:
    assert broken(sse({"type": "message_stop"}))[2].code == "bad_upstream_response"


NAMES = (
    "type index delta message content_block usage text thinking partial_json name id input content stop_reason "
    "stop_details explanation citations citation error output_tokens input_tokens cache_creation"
)


KINDS = (
    "message_start content_block_start content_block_delta content_block_stop message_delta message_stop error "
    "text thinking redacted_thinking tool_use text_delta input_json_delta citations_delta refusal"
)


names, kinds = st.sampled_from(NAMES.split()), st.sampled_from(KINDS.split())


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | kinds | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(values, max_size=6))
def test_no_event_whatever_breaks_the_translator(events: list[Any]) -> None:
    translator = anthropic.stream(rendered())
    try:
        for event in [start(), *events]:
            translator.feed(Event(json.dumps(event)))
        translator.end()
    except ProviderError:
        pass


@given(values)
def test_no_reply_whatever_breaks_the_parser(body: Any) -> None:
    try:
        anthropic.parse(body, rendered())
        anthropic.parse({"content": body, "usage": body, "stop_reason": body, "stop_details": body}, rendered())
    except ProviderError:
        pass
