"""codex through the whole gateway, with the sandbox behind it."""

from typing import Any

import pytest

from inference.models import Completion
from tests.inference.conftest import Ask, Sandbox

from .asking import WEATHER

MODEL = "gpt-5.2-codex"
GO = {"role": "user", "content": "weather in Paris"}
STOCK = ("role", "content", "tool_calls")


def told(ask: Ask, messages: list[dict[str, Any]], stream: bool, **fields: Any) -> dict[str, Any]:
    """The assistant message as a client puts it together."""
    said = ask(MODEL, messages=messages, stream=stream, **fields)
    assert said.status == 200, said.body
    if not stream:
        message: dict[str, Any] = said.json()["choices"][0]["message"]
        return message
    message = {"role": "assistant", "content": said.text}
    for delta in said.deltas:
        message |= {"extra_content": delta["extra_content"]} if "extra_content" in delta else {}
        for piece in delta.get("tool_calls", ()):
            calls = message.setdefault("tool_calls", [])
            if "id" in piece:
                calls.append(piece | {"function": dict(piece["function"])})
            else:
                calls[piece["index"]]["function"]["arguments"] += piece["function"]["arguments"]
    return message


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kept", [STOCK, (*STOCK, "extra_content")], ids=["stock", "echoing"])
def test_a_tool_loop_goes_on_whatever_the_caller_sends_back(ask: Ask, stream: bool, kept: tuple[str, ...]) -> None:
    messages: list[dict[str, Any]] = [GO]
    for _ in range(3):
        fields = {"tools": [WEATHER], "tool_choice": "required", "reasoning_effort": "high"}
        message = told(ask, messages, stream, **fields)
        assert message["extra_content"]["openai"]["output"][0]["encrypted_content"]
        messages.append({name: message[name] for name in kept if name in message})
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": "21"} for call in message["tool_calls"]]
    assert told(ask, messages, stream)["content"]
    assert Completion.objects.filter(settlement="exact").count() == 4


def test_the_stream_and_the_whole_cost_the_same(ask: Ask) -> None:
    whole = ask(MODEL, "count to five").json()["usage"]
    streamed = ask(MODEL, "count to five", stream=True, stream_options={"include_usage": True})
    assert streamed.chunks[-1]["usage"]["completion_tokens"] == whole["completion_tokens"]
    assert streamed.is_done and streamed.finish == ["stop"]


def test_what_is_ignored_and_changed_is_named(ask: Ask) -> None:
    said = ask(MODEL, seed=1, temperature=0.5, max_tokens=4)
    assert said.headers["x-conway-ignored-params"] == "seed,temperature"
    assert said.headers["x-conway-transforms"] == "output_limit_raised"
    assert said.json()["choices"][0]["finish_reason"] == "length"


def test_a_stream_that_breaks_off_is_an_error_without_a_finish(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.control(cut=2)
    said = ask(MODEL, "count to ten", stream=True)
    assert said.chunks[-1]["error"]["code"] == "upstream_truncated"
    assert said.finish == [] and not said.is_done
