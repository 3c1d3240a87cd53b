"""What holds for any request, any reply and any network."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Gathered
from inference.chat.request import ChatRequest
from inference.dialects import openai_chat
from inference.sse import Event
from tests.inference.dialects.openai_chat.asking import MODELS, chunk, request, sse, target, told, usage_chunk
from tests.inference.dialects.openai_chat.judges import check_types, complaint
from tests.inference.strategies import chat_requests
from tests.inference.tool_strategies import json_values, texts

patient = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("model", MODELS)
@given(data=st.data())
@patient
def test_what_a_model_can_honour_becomes_a_body_its_provider_takes(model: str, data: st.DataObject) -> None:
    given = data.draw(chat_requests(target(model).traits))
    try:
        sent = openai_chat.render(ChatRequest.read(json.dumps(given).encode()), target(model))
    except InvalidRequest as refused:
        assert refused.message == "The messages are all empty." and model == "kimi-k2.5"
        return
    check_types(sent.body)
    assert complaint(model, sent.body) is None


@pytest.mark.parametrize("model", MODELS)
@given(given=chat_requests())
@patient
def test_what_a_model_cannot_honour_is_refused_and_never_a_crash(model: str, given: dict[str, Any]) -> None:
    try:
        check_types(openai_chat.render(ChatRequest.read(json.dumps(given).encode()), target(model)).body)
    except InvalidRequest as refused:
        assert refused.status == 400


# Streams

fragments = st.builds(
    lambda index, call_id, name, arguments: {
        "index": index,
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    },
    st.integers(0, 2),
    st.sampled_from([None, "", "call_a", "call_b"]),
    st.sampled_from(["f", "g"]),
    st.none() | texts,
)
said = st.one_of(
    texts.map(lambda text: {"content": text}),
    texts.map(lambda text: {"content": None, "reasoning_content": text}),
    st.lists(fragments, max_size=2).map(lambda calls: {"tool_calls": calls}),
)
streams = st.lists(said.map(chunk), max_size=8).map(
    lambda chunks: [*chunks, chunk(finish="stop"), usage_chunk(prompt_tokens=5, completion_tokens=7), "[DONE]"]
)


@given(chunks=streams, read_bytes=st.integers(1, 40), line_end=st.sampled_from(["\n", "\r\n", "\r"]))
@patient
def test_any_split_of_a_stream_tells_the_same(chunks: list[Any], read_bytes: int, line_end: str) -> None:
    raw = "".join(
        f"data: {text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)}\n\n" for text in chunks
    )
    whole, split = told(raw.encode()), told(raw.replace("\n", line_end).encode(), read_bytes=read_bytes)
    assert without_ids(split[0]) == without_ids(whole[0])
    assert split[1] == whole[1]


def without_ids(deltas: list[Any]) -> list[Any]:
    """Ids of our making are new each time."""
    return [
        json.loads(
            json.dumps([delta.fields, delta.finish_reason], default=str), object_hook=lambda known: {**known, "id": ""}
        )
        for delta in deltas
    ]


@given(chunks=streams)
@patient
def test_every_stream_finishes_once_and_its_calls_add_up(chunks: list[Any]) -> None:
    deltas, _ = told(sse(*chunks))
    gathered = Gathered()
    for delta in deltas:
        assert len(delta.fields) == (delta.finish_reason is None)
        gathered.add(delta)
    assert [delta.finish_reason for delta in deltas].count(None) == len(deltas) - 1
    assert deltas[-1].finish_reason == "stop"
    assert sorted(gathered.calls.get(0, {})) == list(range(len(gathered.calls.get(0, {}))))


# Nonsense

NAMES = """
    choices delta message index content role finish_reason tool_calls function_call function custom id name arguments
    input type usage error code prompt_tokens completion_tokens prompt_tokens_details cached_tokens logprobs refusal
    reasoning_content reasoning reasoning_details annotations model created
"""
names = st.sampled_from(NAMES.split())
nonsense = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "stop", "a", "null", "error"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=20,
)
CHOICE = ("index", "delta", "message", "finish_reason", "logprobs", "usage")
choice = st.fixed_dictionaries({}, optional=dict.fromkeys(CHOICE, nonsense))
envelope = dict.fromkeys(("usage", "error", "model", "created"), nonsense)
choices = st.fixed_dictionaries({"choices": st.lists(choice, max_size=3)}, optional=envelope)
anything = nonsense | json_values | choices


@given(events=st.lists(anything.map(json.dumps) | texts, max_size=6))
@patient
def test_a_stream_of_nonsense_is_a_fault_at_worst(events: list[str]) -> None:
    translator, gathered = openai_chat.stream(ProviderRequest(request(), {})), Gathered()
    try:
        for event in events:
            for delta in translator.feed(Event(event)):
                gathered.add(delta)
        for delta in translator.end():
            gathered.add(delta)
    except ProviderError as fault:
        assert fault.meaning.status >= 400
    json.dumps(gathered.reply(translator.facts).choices[0].message)
    assert gathered.characters == len("".join(gathered.unread))


@given(body=anything)
@patient
def test_a_reply_of_nonsense_is_a_fault_at_worst(body: Any) -> None:
    try:
        reply = openai_chat.parse(body, ProviderRequest(request(), {}))
    except ProviderError as fault:
        assert fault.meaning.status >= 400
        return
    assert all(isinstance(choice.message["content"], str | None) for choice in reply.choices)
    assert [delta.finish_reason for delta in reply.deltas()].count(None) < len(list(reply.deltas()))


@given(
    status=st.integers(300, 599), body=st.binary(max_size=60) | anything.map(lambda value: json.dumps(value).encode())
)
@patient
def test_a_failure_of_nonsense_still_has_an_answer(status: int, body: bytes) -> None:
    fault = openai_chat.fault(status, {}, body)
    assert 400 <= fault.meaning.status < 600
    assert isinstance(fault.message, str)
