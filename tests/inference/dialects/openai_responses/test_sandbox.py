"""The sandbox is as strict as the provider and knows nothing of us: what we render, it serves."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from inference.chat.request import ChatRequest
from inference.dialects import openai_responses
from inference.sse import Decoder
from tests.inference.sandbox.upstream import Upstream
from tests.inference.strategies import chat_requests

from .asking import WEATHER, codex_traits, read, target

GO = {"role": "user", "content": "weather in Paris"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    running = Upstream()
    yield running
    running.close()


def asked(upstream: Upstream, *messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The assistant message to a conversation."""
    rendered = openai_responses.render(read(*messages, tools=[WEATHER], **fields), target())
    answer = upstream.post("responses", rendered.body)
    assert answer.status_code == 200, answer.text
    return openai_responses.parse(answer.json(), rendered).choices[0].message


@pytest.mark.parametrize("echo", [True, False])
def test_a_tool_loop_of_three_turns_is_served_whether_or_not_the_caller_echoes(upstream: Upstream, echo: bool) -> None:
    messages: list[dict[str, Any]] = [GO]
    for _ in range(3):
        made = asked(upstream, *messages, tool_choice="required", reasoning_effort="high")
        messages.append(made if echo else {"role": "assistant", "tool_calls": made["tool_calls"]})
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in made["tool_calls"]]
    sent = openai_responses.render(read(*messages, tools=[WEATHER]), target()).body["input"]
    assert sum(item["type"] == "reasoning" for item in sent) == (3 if echo else 0)
    assert asked(upstream, *messages)["content"]


def test_a_stream_and_a_whole_reply_say_the_same(upstream: Upstream) -> None:
    rendered = openai_responses.render(read(GO), target())
    translator, decoder = openai_responses.stream(rendered), Decoder()
    events = [event for read_ in upstream.stream("responses", rendered.body) for event in decoder.feed(read_)]
    deltas = [delta for event in events for delta in translator.feed(event)] + translator.end()
    whole = openai_responses.parse(upstream.post("responses", rendered.body).json(), rendered)
    assert "".join(delta.fields.get("content", "") for delta in deltas) == whole.choices[0].message["content"]
    assert deltas[-1].finish_reason == whole.choices[0].finish_reason == "stop"
    assert translator.facts.usage is not None and whole.facts.usage is not None
    assert translator.facts.usage.output == whole.facts.usage.output


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=chat_requests(codex_traits(audio=False)))
def test_whatever_we_render_the_sandbox_understands(upstream: Upstream, body: dict[str, Any]) -> None:
    """What it may still refuse is the caller's own: an effort this model lacks, a schema that is none."""
    given = {name: value for name, value in body.items() if name not in ("stop", "n", "stream", "logprobs")}
    request = ChatRequest.read(json.dumps(given).encode())
    answer = upstream.post("responses", openai_responses.render(request, target()).body)
    assert answer.status_code == 200 or is_callers_own(answer.json()["error"]), answer.text


def is_callers_own(error: dict[str, Any]) -> bool:
    about = str(error["param"] or "")
    return about == "reasoning.effort" or "parameters" in about or "schema" in about or "'json'" in error["message"]
