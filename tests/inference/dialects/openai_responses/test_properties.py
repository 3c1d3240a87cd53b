import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Delta, Gathered
from inference.chat.request import ChatRequest
from inference.dialects import openai_responses
from inference.sse import Decoder, Event
from tests.inference.strategies import chat_requests

from . import sdk
from .asking import call, codex_traits, completed, message, on, read, reply, response, target, thought

UNHURRIED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
SPOKEN = codex_traits(audio=False)


@UNHURRIED
@given(chat_requests(SPOKEN), st.none() | st.integers(1, 1000))
def test_any_request_renders_to_what_the_types_take(body: dict[str, Any], limit: int | None) -> None:
    asked = {name: value for name, value in body.items() if name not in ("stop", "n")}
    request = ChatRequest.read(json.dumps(asked).encode())
    sdk.check(openai_responses.render(request, target(), limit=limit).body)


EVENTS = [
    {"type": "response.created", "response": response(status="in_progress")},
    on(0, "output_item.added", item=thought("rs_1", None)),
    on(0, "reasoning_summary_text.delta", summary_index=0, delta="Hm\u2028m."),
    on(0, "output_item.done", item=thought("rs_1", "sealed", "Hm\u2028m.")),
    on(1, "output_text.delta", content_index=0, delta="Let me see 👩‍💻 "),
    on(1, "output_item.done", item=message("Let me see 👩‍💻 ", phase="commentary")),
    on(2, "output_item.added", item=call("f", "", "call_1")),
    on(2, "function_call_arguments.delta", delta='{"city":'),
    on(2, "function_call_arguments.delta", delta='"Zürich"}'),
    on(2, "output_item.done", item=call("f", '{"city":"Zürich"}', "call_1")),
    completed(usage={"input_tokens": 5, "output_tokens": 7}),
]
BYTES = "".join(
    f"event: {event['type']}\r\ndata: {json.dumps(event, ensure_ascii=False)}\r\n\r\n" for event in EVENTS
).encode()


def deltas(reads: list[bytes]) -> list[Delta]:
    translator, decoder = openai_responses.stream(ProviderRequest(read(), {"model": "m"})), Decoder()
    events = [event for piece in reads for event in decoder.feed(piece)] + decoder.end()
    return [delta for event in events for delta in translator.feed(event)] + translator.end()


@UNHURRIED
@given(st.lists(st.integers(0, len(BYTES)), max_size=30))
def test_any_split_into_reads_gives_the_same_deltas(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(BYTES)]
    assert deltas([BYTES[start:end] for start, end in pairwise(ends)]) == deltas([BYTES])


def test_every_single_split_gives_the_same_deltas() -> None:
    whole = deltas([BYTES])
    for cut in range(0, len(BYTES), 7):
        assert deltas([BYTES[:cut], BYTES[cut:]]) == whole


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = sorted(
    {event["type"] for event in EVENTS} | {"error", "response.failed", "response.refusal.delta", "response.incomplete"}
)
FIELDS = [
    "response",
    "item",
    "delta",
    "output_index",
    "item_id",
    "content_index",
    "summary_index",
    "annotation",
    "logprobs",
    "error",
    "code",
]
ITEM = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "reasoning", "function_call", "custom_tool_call"]) | json_values},
    optional={
        name: json_values
        | st.lists(
            st.fixed_dictionaries(
                {
                    "type": st.sampled_from(["output_text", "refusal", "summary_text"]),
                    "text": json_values,
                    "annotations": json_values,
                }
            ),
            max_size=2,
        )
        for name in ("content", "summary", "call_id", "name", "arguments", "input", "id", "encrypted_content", "phase")
    },
)
RESPONSE = st.fixed_dictionaries(
    {},
    optional={
        name: json_values | st.lists(ITEM, max_size=3)
        for name in ("output", "status", "usage", "incomplete_details", "error", "id", "model", "created_at")
    },
)
BROKEN = st.fixed_dictionaries(
    {"type": st.sampled_from(NAMES) | json_values}, optional=dict.fromkeys(FIELDS, json_values | ITEM | RESPONSE)
)


@UNHURRIED
@given(st.lists(BROKEN, max_size=6))
def test_a_broken_stream_is_a_fault_and_never_a_crash(events: list[dict[str, Any]]) -> None:
    translator, gathered = openai_responses.stream(ProviderRequest(read(), {})), Gathered()
    try:
        for event in events:
            for delta in translator.feed(Event(json.dumps(event))):
                gathered.add(delta)
        translator.end()
    except ProviderError as fault:
        assert fault.message and fault.code
    json.dumps(gathered.reply(translator.facts).choices[0].message).encode()


@UNHURRIED
@given(RESPONSE | st.dictionaries(st.text(max_size=5), json_values))
def test_a_broken_reply_is_a_fault_and_never_a_crash(body: dict[str, Any]) -> None:
    try:
        reply(body)
    except ProviderError as fault:
        assert fault.message and fault.code


@UNHURRIED
@given(
    st.integers(400, 599), st.binary(max_size=50) | json_values.map(lambda value: json.dumps({"error": value}).encode())
)
def test_any_refusal_has_a_meaning(status: int, body: bytes) -> None:
    fault = openai_responses.fault(status, {"retry-after": "soon"}, body)
    assert fault.meaning.status >= 400 and fault.message


@pytest.mark.parametrize("status", [100, 302, 499, 418, 599])
def test_unusual_statuses_have_one_too(status: int) -> None:
    assert openai_responses.fault(status, {}, b"").meaning.status >= 400
