"""Whatever is sent, it is read or refused with a sentence: never anything else."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from tests.inference.strategies import chat_requests
from tests.properties import examples

MANY = settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
SOME = settings(MANY, max_examples=60)

KEYS = (
    "type text role content name function arguments id url image_url file refusal tools mode allowed_tools json_schema"
)
MORE = "schema cache_control tool_calls tool_call_id extra_content file_data input_audio"
keys = st.sampled_from(f"{KEYS} {MORE}".split()) | st.text(max_size=4)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["user", "assistant", "tool", "function", "text", "image_url", "input_audio", "file", "refusal"])
    | st.sampled_from(
        ["auto", "required", "allowed_tools", "json_schema", "\0", "{}", "{at}", "data:image/png;base64,"]
    )
)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)
messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool", "function", "system", "developer"])},
        optional=dict.fromkeys(
            ("content", "name", "tool_calls", "tool_call_id", "function_call", "audio", "refusal", "thinking_blocks"),
            anything,
        ),
    ),
    min_size=1,
    max_size=4,
)
FIELDS = [name for name in ChatRequest.model_fields if name != "messages"]
bodies = st.fixed_dictionaries(
    {"model": st.just("m") | anything, "messages": messages | anything},
    optional={name: anything for name in FIELDS if name != "model"},
)


def read_or_refused(body: bytes) -> ChatRequest | None:
    try:
        return ChatRequest.read(body)
    except InvalidRequest as refused:
        assert refused.status == 400 and refused.message and refused.code
        assert refused.param is None or isinstance(refused.param, str)
        return None


@MANY
@given(bodies)
def test_a_request_of_any_shape(body: dict[str, Any]) -> None:
    read_or_refused(json.dumps(body).encode("utf-8", "replace"))


@MANY
@given(anything)
def test_any_json(value: Any) -> None:
    read_or_refused(json.dumps(value).encode())


@MANY
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(body: bytes) -> None:
    read_or_refused(body)


@SOME
@given(chat_requests(), st.data())
def test_a_good_request_with_one_thing_wrong(body: dict[str, Any], data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(places(body)))
    put(body := deepcopy(body), place, data.draw(anything))
    read_or_refused(json.dumps(body).encode("utf-8", "replace"))


@SOME
@given(chat_requests())
def test_a_good_request_is_read(body: dict[str, Any]) -> None:
    request = ChatRequest.read(json.dumps(body).encode())
    assert len(request.messages) == len(body["messages"])
    assert all(message.role != "function" and message.function_call is None for message in request.messages)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at] * bool(at) + [place for step, held in inner for place in places(held, (*at, step))]


def put(body: Any, place: tuple[Any, ...], value: Any) -> None:
    for step in place[:-1]:
        body = body[step]
    body[place[-1]] = value
