"""Tools and schemas, with the SDK's own accumulators and parsers."""

import json
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from tests.sdk.gateway import Gateway

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
ONE_OF_EACH = ("gpt-5-mini", "gpt-5.2-codex", "claude-haiku-4.5", "gemini-3-flash", "kimi-k2.5", "qwen3-coder")
HELD_TO_SCHEMAS = ONE_OF_EACH[:-1]  # qwen3-coder is not, and says so
# Where thinking is on for all three turns. Kimi always thinks, Qwen's coder never.
THINKING = {
    "gpt-5.2": {"reasoning_effort": "high"},
    "gpt-5.2-codex": {"reasoning_effort": "high"},
    "claude-opus-4.6": {"reasoning_effort": "high"},
    "claude-haiku-4.5": {"reasoning_effort": "medium"},
    "gemini-2.5-pro": {"reasoning_effort": "high"},
    "gemini-3-pro": {"reasoning_effort": "low"},
    "kimi-k2.5": {},
    "qwen3-coder": {},
}
ASKED = {"role": "user", "content": "What is the weather in two cities, Paris and Rome?"}


class Reading(BaseModel):
    city: str
    celsius: float
    is_raining: bool


def turn(openai: OpenAI, stream: bool, **asked: Any) -> Any:
    """The assistant's message, put together by the SDK."""
    if not stream:
        return openai.chat.completions.create(**asked).choices[0]
    with openai.chat.completions.stream(**asked) as events:
        events.until_done()
        return events.get_final_completion().choices[0]


def stock(message: Any) -> dict[str, Any]:
    """What most clients keep of a reply: role, content, calls; no reasoning, no signatures."""
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.function.name, "arguments": call.function.arguments},
        }
        for call in message.tool_calls or ()
    ]
    return {"role": "assistant", "content": message.content} | ({"tool_calls": calls} if calls else {})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", THINKING)
def test_a_loop_of_three_turns_goes_on_with_nothing_extra_sent_back(openai: OpenAI, model: str, stream: bool) -> None:
    messages: list[dict[str, Any]] = [ASKED]
    for number in range(3):
        choice = turn(openai, stream, model=model, messages=messages, tools=[WEATHER], **THINKING[model])
        calls = choice.message.tool_calls or []
        if number == 0:
            assert choice.finish_reason == "tool_calls"
            assert len({call.id for call in calls}) == len(calls) == 2
            assert all(json.loads(call.function.arguments)["city"] for call in calls)
        results = [{"role": "tool", "tool_call_id": call.id, "content": "21"} for call in calls]
        messages += [stock(choice.message), *(results or [ASKED])]


@pytest.mark.parametrize("model", ONE_OF_EACH)
def test_the_streams_helper_sees_calls_grow(openai: OpenAI, model: str) -> None:
    asked = [{"role": "user", "content": "use get_weather for Paris"}]
    with openai.chat.completions.stream(model=model, messages=asked, tools=[WEATHER]) as stream:
        events = list(stream)
    done = [event for event in events if event.type == "tool_calls.function.arguments.done"]
    grown = "".join(event.arguments_delta for event in events if event.type == "tool_calls.function.arguments.delta")
    assert [event.name for event in done] == ["get_weather"]
    assert json.loads(done[0].arguments) == json.loads(grown) == done[0].parsed_arguments


async def test_the_asynchronous_helper_does_too(asynchronous: AsyncOpenAI) -> None:
    asked = [{"role": "user", "content": "use get_weather"}]
    async with asynchronous.chat.completions.stream(
        model="claude-sonnet-4.5", messages=asked, tools=[WEATHER], tool_choice="required"
    ) as stream:
        final = await stream.get_final_completion()
    (call,) = final.choices[0].message.tool_calls or ()
    assert call.function.parsed_arguments


@pytest.mark.parametrize("model", HELD_TO_SCHEMAS)
def test_replies_parse_into_a_model(openai: OpenAI, model: str) -> None:
    reply = openai.chat.completions.parse(
        model=model, messages=[{"role": "user", "content": "a reading"}], response_format=Reading
    )
    assert isinstance(reply.choices[0].message.parsed, Reading)


def test_a_model_that_keeps_to_no_schema_is_told_it_and_says_so(openai: OpenAI) -> None:
    asked = openai.chat.completions.with_raw_response
    form = {"type": "json_schema", "json_schema": {"name": "reading", "schema": Reading.model_json_schema()}}
    said = asked.create(model="qwen3-coder", messages=[ASKED], response_format=form)  # type: ignore[call-overload]
    assert "json_schema_as_instruction" in said.headers["x-conway-transforms"]
    assert json.loads(said.parse().choices[0].message.content or "")


def test_streamed_replies_parse_too(openai: OpenAI) -> None:
    with openai.chat.completions.stream(
        model="gemini-2.5-flash", messages=[{"role": "user", "content": "a reading"}], response_format=Reading
    ) as stream:
        stream.until_done()
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, Reading)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["gpt-5.2", "claude-haiku-4.5", "gemini-2.5-flash"])
def test_functions_of_2023_are_called_as_they_were_then(openai: OpenAI, model: str, stream: bool) -> None:
    function = {"name": "get_weather", "parameters": WEATHER["function"]["parameters"]}  # type: ignore[index]
    asked = {"functions": [function], "function_call": {"name": "get_weather"}, "stream": stream}
    said = openai.chat.completions.create(model=model, messages=[{"role": "user", "content": "go"}], **asked)
    if stream:
        chunks = list(said)
        pieces = [chunk.choices[0].delta.function_call for chunk in chunks if chunk.choices[0].delta.function_call]
        name, arguments = pieces[0].name, "".join(piece.arguments or "" for piece in pieces)
        finish = chunks[-1].choices[0].finish_reason
    else:
        call, finish = said.choices[0].message.function_call, said.choices[0].finish_reason
        name, arguments = call.name, call.arguments
    assert (name, finish) == ("get_weather", "function_call")
    assert json.loads(arguments)["city"]


def test_the_books_have_a_charge_for_each_turn(gateway: Gateway, openai: OpenAI) -> None:
    before = gateway.charges
    for _ in range(2):
        turn(openai, True, model="kimi-k2.5", messages=[ASKED], tools=[WEATHER])
    assert gateway.charges == before + 2
