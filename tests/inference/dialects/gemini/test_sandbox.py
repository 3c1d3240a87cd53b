"""The sandbox is as strict as the provider and knows nothing of us: what we render, it serves."""

from collections.abc import Iterator
from typing import Any

import pytest

from inference.dialects import gemini
from inference.sse import Decoder
from tests.inference.dialects.gemini.asking import FLASH, FLASH_3, PRO_3, Json, rendered, target, tool, user
from tests.inference.sandbox.upstream import GOOGLE, Upstream

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = tool("get_weather", parameters=PARAMETERS)
GO = user("weather in Paris")


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    running = Upstream()
    yield running
    running.close()


def path(model: str, *, stream: bool) -> str:
    return "/gemini" + gemini.path(target(model).upstream_model, stream=stream)


def asked(upstream: Upstream, model: str, *messages: Json, **fields: Any) -> Json:
    """The assistant message to a conversation."""
    sent = rendered(model, messages=list(messages), tools=[WEATHER], **fields)
    told = upstream.post("gemini", sent.body, path=path(model, stream=False))
    assert told.status_code == 200, told.text
    return gemini.parse(told.json(), sent).choices[0].message


@pytest.mark.parametrize("model", [FLASH, PRO_3, FLASH_3])
@pytest.mark.parametrize("echo", [True, False])
def test_a_tool_loop_of_three_turns_is_served_whether_or_not_the_caller_echoes(
    upstream: Upstream, model: str, echo: bool
) -> None:
    messages: list[Json] = [GO]
    for _ in range(3):
        made = asked(upstream, model, *messages, tool_choice="required", reasoning_effort="high")
        for call in made["tool_calls"] if not echo else ():
            call.pop("extra_content", None)
        messages.append(made if echo else {"role": "assistant", "content": None, "tool_calls": made["tool_calls"]})
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in made["tool_calls"]]
    assert asked(upstream, model, *messages)["content"]


@pytest.mark.parametrize("model", [FLASH, PRO_3])
def test_a_stream_and_a_whole_reply_say_the_same(upstream: Upstream, model: str) -> None:
    sent = rendered(model, messages=[GO], reasoning_effort="low")
    translator, decoder = gemini.stream(sent), Decoder()
    deltas = []
    with upstream.http.stream("POST", path(model, stream=True), json=sent.body, headers=GOOGLE) as told:
        for one in told.iter_raw():
            deltas += [delta for event in decoder.feed(one) for delta in translator.feed(event)]
    deltas += translator.end()
    whole = gemini.parse(upstream.post("gemini", sent.body, path=path(model, stream=False)).json(), sent)
    for name in ("content", "reasoning_content"):
        assert "".join(delta.fields.get(name, "") for delta in deltas) == whole.choices[0].message[name]
    assert deltas[-1].finish_reason == whole.choices[0].finish_reason == "stop"
    assert translator.facts.usage == whole.facts.usage is not None


def test_a_key_it_does_not_know_is_our_fault(upstream: Upstream) -> None:
    told = upstream.http.post(path(FLASH, stream=False), json=rendered(FLASH).body, headers={"x-goog-api-key": "wrong"})
    assert gemini.fault(told.status_code, told.headers, told.content).code == "provider_auth_failed"
