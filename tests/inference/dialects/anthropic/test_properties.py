"""Whatever a caller may send, Claude takes what we make of it."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from inference.dialects import anthropic
from tests.inference.dialects.anthropic.claude import MODELS, Json, block, read, said, sse, start, stopped, target, text
from tests.inference.dialects.anthropic.sandbox import accepts
from tests.inference.dialects.anthropic.sdk import taken
from tests.inference.strategies import chat_requests

SLOWLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
# What a request with these may be refused for: a schema that would have to say something else, several choices.
REFUSED = ("n", "logprobs", "response_format", "tools[")

REQUESTS = {model: chat_requests(target(model).traits) for model in MODELS}


@pytest.mark.parametrize("model", MODELS)
@SLOWLY
@given(st.data())
def test_any_request_is_taken_by_the_types_and_by_the_sandbox(model: str, data: st.DataObject) -> None:
    asked = ChatRequest.read(json.dumps(data.draw(REQUESTS[model])).encode())
    limit = data.draw(st.none() | st.integers(1, 5000))
    try:
        rendered = anthropic.render(asked, target(model), limit=limit)
    except InvalidRequest as refusal:
        assert str(refusal.param).startswith(REFUSED)
        return
    assert taken(rendered.body) == rendered.body
    assert accepts(rendered.body)


@given(st.integers(1, 200), st.lists(st.text(max_size=20), max_size=4))
def test_any_split_of_a_stream_gives_the_same(step: int, words: list[str]) -> None:
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    spoken: list[Json] = [delta for number, word in enumerate(words) for delta in said(word, number)]
    whole = sse(start(content=[text("é")]), *spoken, *block(9, use), *stopped("tool_use"))
    assert read(whole, step=step) == read(whole)


counts = st.none() | st.integers(-5, 10**6)
split = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"], counts)
)
thought = st.fixed_dictionaries({}, optional={"thinking_tokens": counts})
plain = ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"]
nested = {"cache_creation": st.none() | split, "output_tokens_details": st.none() | thought}


@given(st.fixed_dictionaries({}, optional={**dict.fromkeys(plain, counts), **nested}))
def test_any_numbers_make_buckets_that_are_not_negative(usage: Json) -> None:
    told = {"type": "message_delta", "delta": {}, "usage": usage}
    facts = read(sse(start(usage=usage), told, {"type": "message_stop"}))[1]
    if facts.usage is not None:
        assert all(tokens > 0 for tokens in facts.usage.buckets().values())
        assert (facts.usage.reasoning or 0) <= facts.usage.output
