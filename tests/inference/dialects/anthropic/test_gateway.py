"""Claude through the whole gateway, with the sandbox behind it."""

import json
from typing import Any

import pytest

from inference.models import Completion
from tests.inference.conftest import Ask, Sandbox
from tests.inference.dialects.anthropic.claude import MODELS, Json, result, tool

WEATHER = tool(parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
HISTORY = ("role", "content", "tool_calls")


def loop(ask: Ask, model: str, *, kept: tuple[str, ...], **fields: Any) -> list[Json]:
    """Three turns of a tool loop; the caller sends back the fields in `kept` and drops the others."""
    messages: list[Json] = [{"role": "user", "content": "What is the weather in Paris and Rome?"}]
    replies = []
    for turn in range(3):
        choice = "required" if turn == 0 else "auto"
        said = ask(model, messages=messages, tools=[WEATHER], tool_choice=choice, **fields)
        assert said.status == 200, said.body
        replies.append(said.json()["choices"][0])
        message = replies[-1]["message"]
        messages.append({name: message[name] for name in kept if name in message})
        calls = message.get("tool_calls", ())
        messages += [result(call["id"], '{"temp": 21}') for call in calls] or [{"role": "user", "content": "And now?"}]
    return replies


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kept", [HISTORY, (*HISTORY, "thinking_blocks")], ids=["stock", "echoing"])
def test_a_tool_loop_goes_on_whatever_the_caller_sends_back(ask: Ask, model: str, kept: tuple[str, ...]) -> None:
    replies = loop(ask, model, kept=kept, reasoning_effort="high")
    assert replies[0]["finish_reason"] == "tool_calls"
    assert json.loads(replies[0]["message"]["tool_calls"][0]["function"]["arguments"])["city"]
    assert Completion.objects.filter(settlement="exact").count() == 3


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_comes_back_signed(ask: Ask, stream: bool) -> None:
    said = ask("claude-sonnet-4.5", reasoning_effort="low", stream=stream)
    if stream:
        blocks = [block for delta in said.deltas for block in delta.get("thinking_blocks", ())]
        shown = "".join(delta.get("reasoning_content") or "" for delta in said.deltas)
    else:
        message = said.json()["choices"][0]["message"]
        blocks, shown = message["thinking_blocks"], message["reasoning_content"]
    assert [block["thinking"] for block in blocks] == [shown]
    assert blocks[0]["signature"]


def test_a_refusal_before_any_output_is_not_charged(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.control(refuse=0)
    said = ask("claude-opus-4.6")
    (choice,) = said.json()["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("content_filter", None)
    assert choice["message"]["refusal"] == "The sandbox was told to refuse. (category: general_harms)"
    assert said.headers["x-conway-charged-cents"] == "0"


def test_ignored_fields_and_changes_are_named(ask: Ask) -> None:
    said = ask(
        "claude-opus-4.6", messages=[{"role": "assistant", "content": "So:"}], seed=1, temperature=0.1, top_p=0.5
    )
    assert said.headers["x-conway-ignored-params"] == "seed,top_p"
    assert said.headers["x-conway-transforms"] == "continue_appended"
