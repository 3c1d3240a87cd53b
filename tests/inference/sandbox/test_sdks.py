"""The official SDKs, pointed at the sandbox, understand it."""

from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types

from tests.inference.sandbox.upstream import CITY, MODELS, Upstream, function

ASKED: Any = [{"role": "user", "content": "What is the weather in Paris and Rome, both?"}]
BASES = {"openai": "/openai/v1", "moonshot": "/moonshot/v1", "qwen": "/dashscope/compatible-mode/v1"}


def chat(upstream: Upstream, wire: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=upstream.url + BASES[wire], api_key="any", max_retries=0)


def google(upstream: Upstream) -> genai.Client:
    options = types.HttpOptions(base_url=f"{upstream.url}/gemini", api_version="v1beta")
    return genai.Client(api_key="any", http_options=options)


@pytest.mark.parametrize("wire", BASES)
def test_openais_chat_goes_through_a_tool_loop(wire: str, upstream: Upstream) -> None:
    client, tools = chat(upstream, wire), [function()]
    first = client.chat.completions.create(model=MODELS[wire], messages=ASKED, tools=tools)  # type: ignore[call-overload]
    said = first.choices[0].message
    assert [call.function.arguments for call in said.tool_calls] == ['{"city": "Paris"}', '{"city": "Rome"}']
    back = {"role": "assistant", "content": "", "tool_calls": [call.to_dict() for call in said.tool_calls]}
    for call in back["tool_calls"]:
        call.pop("index", None)
    if wire == "moonshot":
        back["reasoning_content"] = said.reasoning_content
    answers = [{"role": "tool", "tool_call_id": call.id, "content": "21 C"} for call in said.tool_calls]
    second = client.chat.completions.create(model=MODELS[wire], messages=[*ASKED, back, *answers], tools=tools)  # type: ignore[call-overload]
    assert second.choices[0].message.content.startswith("The tools say: 21 C; 21 C.")


@pytest.mark.parametrize("wire", BASES)
def test_openais_chat_is_streamed_with_usage_only_when_asked_for(wire: str, upstream: Upstream) -> None:
    create: Any = chat(upstream, wire).chat.completions.create
    plain = list(create(model=MODELS[wire], messages=ASKED, stream=True))
    counted = list(create(model=MODELS[wire], messages=ASKED, stream=True, stream_options={"include_usage": True}))
    assert all(chunk.usage is None for chunk in plain)
    assert [chunk.usage is not None for chunk in counted[-2:]] == [False, True]
    assert counted[-1].choices == []
    assert [chunk.choices[0].finish_reason for chunk in plain if chunk.choices[0].finish_reason] == ["stop"]


def test_openais_chat_accumulates_streamed_calls(upstream: Upstream) -> None:
    client = chat(upstream, "openai")
    with client.chat.completions.stream(model="gpt-5.2", messages=ASKED, tools=[function()]) as stream:  # type: ignore[list-item]
        message = stream.get_final_completion().choices[0].message
    assert message.tool_calls is not None
    assert [call.function.arguments for call in message.tool_calls] == ['{"city": "Paris"}', '{"city": "Rome"}']


def test_openais_responses_streams_what_it_answers(upstream: Upstream) -> None:
    client = chat(upstream, "openai")
    tool: Any = {"type": "function", "name": "get_weather", "parameters": CITY, "strict": False}
    request: Any = {"model": "gpt-5.2-codex", "input": ASKED, "tools": [tool], "reasoning": {"summary": "auto"}}
    whole = client.responses.create(**request)
    with client.responses.stream(**request) as stream:
        streamed = stream.get_final_response()
    assert [item.type for item in whole.output] == ["reasoning", "function_call", "function_call"]
    shapes = [[(item.type, getattr(item, "arguments", None)) for item in each.output] for each in (whole, streamed)]
    assert shapes[0] == shapes[1]
    assert streamed.usage == whole.usage


@pytest.mark.parametrize("thinking", [{"type": "disabled"}, {"type": "enabled", "budget_tokens": 1024}])
def test_anthropic_streams_what_it_answers_and_goes_on(thinking: Any, upstream: Upstream) -> None:
    client = anthropic.Anthropic(base_url=f"{upstream.url}/anthropic", api_key="any", max_retries=0)
    tools: Any = [{"name": "get_weather", "input_schema": CITY}]
    request: Any = {"model": MODELS["anthropic"], "max_tokens": 2000, "tools": tools, "thinking": thinking}
    with client.messages.stream(messages=ASKED, **request) as stream:
        said = stream.get_final_message()
    whole = client.messages.create(messages=ASKED, **request)
    assert [block.type for block in said.content] == [block.type for block in whole.content]
    assert (said.stop_reason, said.usage.output_tokens) == ("tool_use", whole.usage.output_tokens)
    uses = [block.id for block in said.content if block.type == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": use, "content": "21 C"} for use in uses]
    messages: Any = [*ASKED, {"role": "assistant", "content": said.content}, {"role": "user", "content": results}]
    assert "The tools say: 21 C; 21 C." in str(client.messages.create(messages=messages, **request).content[-1])


@pytest.mark.parametrize(
    "model", ["gemini-3-flash-preview", "gemini-3.1-pro-preview", "gemini-2.5-pro", "gemini-2.5-flash"]
)
def test_google_goes_through_a_tool_loop(model: str, upstream: Upstream) -> None:
    client = google(upstream)
    declared = types.FunctionDeclaration(name="get_weather", parameters_json_schema=CITY)
    config = types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[declared])],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    asked = types.Content(role="user", parts=[types.Part(text=ASKED[0]["content"])])
    said = client.models.generate_content(model=model, contents=[asked], config=config).candidates[0].content  # type: ignore[index]
    calls = [part.function_call for part in said.parts if part.function_call]  # type: ignore[union-attr]
    assert [call.args for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    answers = [types.FunctionResponse(id=call.id, name=call.name, response={"output": "21 C"}) for call in calls]
    answered = types.Content(role="user", parts=[types.Part(function_response=answer) for answer in answers])
    contents: Any = [asked, said, answered]
    chunks = list(client.models.generate_content_stream(model=model, contents=contents, config=config))
    assert "".join(chunk.text or "" for chunk in chunks).startswith("The tools say: 21 C; 21 C.")
    assert [chunk.candidates[0].finish_reason for chunk in chunks if chunk.candidates[0].finish_reason] == ["STOP"]  # type: ignore[index]


def test_google_shows_thoughts_only_when_asked_to(upstream: Upstream) -> None:
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    ask: Any = {"model": "gemini-2.5-pro", "contents": "hello"}
    client = google(upstream)
    shown, hidden = client.models.generate_content(**ask, config=config), client.models.generate_content(**ask)
    assert [part.thought for part in shown.candidates[0].content.parts] == [True, None]  # type: ignore[index,union-attr]
    assert [part.thought for part in hidden.candidates[0].content.parts] == [None]  # type: ignore[index,union-attr]
    assert hidden.usage_metadata.thoughts_token_count == shown.usage_metadata.thoughts_token_count == 8  # type: ignore[union-attr]
