"""Whatever a caller may send, Gemini takes what we make of it; whatever comes back, we read it or say we cannot."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_error import ProviderError
from inference.chat.request import ChatRequest
from inference.dialects import gemini
from inference.sse import Event
from tests.inference.dialects.gemini.asking import (
    MODELS,
    Json,
    answer,
    function_call,
    read,
    rendered,
    reply,
    sse,
    target,
    text,
    usage,
)
from tests.inference.dialects.gemini.sandbox import accepts
from tests.inference.dialects.gemini.sdk import taken
from tests.inference.media_samples import GIF, PNG, data_url
from tests.inference.strategies import chat_requests
from tests.properties import examples

SLOWLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
REQUESTS = {model: chat_requests(target(model).traits) for model in MODELS}
# What a request may be refused for: several choices, JSON beside calls.
REFUSED = ("n", "logprobs", "response_format")
GIF_URL, PNG_URL = data_url("image/gif", GIF), data_url("image/png", PNG)


@pytest.mark.parametrize("model", MODELS)
@SLOWLY
@given(st.data())
def test_any_request_is_taken_by_the_types_and_by_the_sandbox(model: str, data: st.DataObject) -> None:
    drawn = json.dumps(data.draw(REQUESTS[model])).replace(GIF_URL, PNG_URL)  # Gemini sees no GIF
    limit = data.draw(st.none() | st.integers(1, 5000))
    try:
        body = gemini.render(ChatRequest.read(drawn.encode()), target(model), limit=limit).body
    except InvalidRequest as refusal:
        assert refusal.param in REFUSED
        return
    assert taken(body) == body
    assert accepts(body, model)


@given(st.integers(1, 200), st.lists(st.text(max_size=20), max_size=4))
def test_any_split_of_a_stream_gives_the_same(step: int, words: list[str]) -> None:
    spoken = [answer(text(word, thought=number % 2 == 0), **usage(4, number)) for number, word in enumerate(words)]
    called: Json = {"functionCall": {"id": "a", "name": "f", "args": {"é": words}}}
    whole = sse(*spoken, answer(called, text("\u2028"), finish="STOP", **usage()))
    assert read(whole, step=step) == read(whole)


counts = st.none() | st.integers(-5, 10**6)
details = st.lists(
    st.fixed_dictionaries({"modality": st.sampled_from(["TEXT", "AUDIO"])}, optional={"tokenCount": counts})
)
plain = ["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount"]
plain += ["cachedContentTokenCount", "totalTokenCount"]
nested = {"promptTokensDetails": st.none() | details, "cacheTokensDetails": st.none() | details}


@given(st.fixed_dictionaries({}, optional={**dict.fromkeys(plain, counts), **nested}))
def test_any_numbers_make_buckets_that_are_not_negative(said: Json) -> None:
    found = reply(answer(text("Hi"), finish="STOP", usageMetadata=said)).facts.usage
    if found is not None:
        assert all(tokens > 0 for tokens in found.buckets().values())
        assert found.prompt_tokens >= 0 and (found.reasoning or 0) <= found.output


# Answers with something wrong anywhere: a value of the recorded shape is replaced by any JSON.
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
GROWING = {"functionCall": {"partialArgs": [{"jsonPath": "$.a[0].b", "stringValue": "x"}], "willContinue": True}}
GROUNDED = {
    "groundingChunks": [{"web": {"uri": "u", "title": "t"}}],
    "groundingSupports": [{"segment": {"startIndex": 0, "endIndex": 2}, "groundingChunkIndices": [0]}],
}
WHOLE = answer(
    text("Hm", thought=True),
    text("Hi", thoughtSignature="c2ln"),
    function_call("f", {"a": 1}, thoughtSignature="c2ln"),
    {"functionCall": {"name": "g", "willContinue": True}},
    GROWING,
    finish="STOP",
    **usage(9, 3, promptTokensDetails=[{"modality": "AUDIO", "tokenCount": 2}]),
    modelVersion="gemini",
    responseId="id",
    promptFeedback={"safetyRatings": []},
)
WHOLE["candidates"][0]["groundingMetadata"] = GROUNDED


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(found for step, inner in steps for found in places(inner, (*way, step)))]


def replaced(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    if not way:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = replaced(value[way[0]], way[1:], new)
    return copy


@settings(max_examples=examples(300))
@given(st.sampled_from(places(WHOLE)), anything)
def test_an_answer_with_anything_wrong_is_read_or_is_a_fault(way: tuple[Any, ...], new: Any) -> None:
    told = replaced(WHOLE, way, new)
    outcomes = [outcome(lambda: gemini.parse(told, rendered())), outcome(lambda: read(sse(told)))]
    assert outcomes[0] == outcomes[1]


def outcome(attempt: Any) -> str:
    try:
        attempt()
    except ProviderError:
        return "fault"
    return "read"


@given(anything, st.text(max_size=20))
def test_any_event_is_read_or_is_a_fault(value: Any, raw: str) -> None:
    for data in (json.dumps(value), raw):
        outcome(lambda data=data: gemini.stream(rendered()).feed(Event(data)))


@given(
    st.integers(300, 599), st.binary(max_size=50) | anything.map(lambda value: json.dumps({"error": value}).encode())
)
def test_any_failure_has_a_meaning(status: int, body: bytes) -> None:
    assert 400 <= gemini.fault(status, {}, body).meaning.status <= 599
