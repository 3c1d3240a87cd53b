"""Callers of each format, by its official SDK: what they ask, what their parser reads, what they echo."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import anthropic
import openai
from anthropic.types import MessageParam

from tests.sdk.gateway import Gateway

Turn = dict[str, Any]

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


@dataclass
class Heard:
    """One reply as the SDK's parser understood it. `echo`: the items that a client sends back."""

    id: str
    text: str
    finish: str
    usage: tuple[int, int]
    charged_cents: int
    thought: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    echo: list[Turn] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)  # of a stream: the names of its events


class Speaker(Protocol):
    name: str
    cut: str  # how a stream says that it broke off

    def ask(self, model: str, said: Any, *, stream: bool, **asks: Any) -> Heard:
        """`asks`: tools, think, schema."""

    def hello(self, *parts: Turn, text: str) -> list[Turn]: ...
    def image(self, data: str) -> Turn: ...
    def pdf(self, data: str) -> Turn: ...
    def results(self, heard: Heard, said: str) -> list[Turn]: ...
    def leave(self, model: str, text: str, words: int) -> str:
        """Reads so many words of a stream, and hangs up. The completion's id."""


class Messages:
    name, cut = "messages", "error"

    def __init__(self, gateway: Gateway, who: str = "alice") -> None:
        self.client = anthropic.Anthropic(base_url=gateway.url, api_key=gateway.keys[who], max_retries=0)

    def fields(self, model: str, said: Any, asks: dict[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {"model": model, "max_tokens": 8000, "messages": said}
        if asks.get("tools"):
            fields["tools"] = [{"name": "get_weather", "description": "The weather", "input_schema": CITY}]
        if asks.get("think"):
            fields["thinking"] = {"type": "enabled", "budget_tokens": 2000}
        if asks.get("schema"):
            fields["output_config"] = {"format": {"type": "json_schema", "schema": CITY}}
        return fields

    def ask(self, model: str, said: Any, *, stream: bool, **asks: Any) -> Heard:
        fields = self.fields(model, said, asks)
        if not stream:
            return self.heard(self.client.messages.create(**fields), [])
        with self.client.messages.stream(**fields) as events:
            told = list(events)
            charged = next(event.usage.model_dump()["charged_cents"] for event in told if event.type == "message_delta")
            return self.heard(events.get_final_message(), [event.type for event in told], charged)

    def heard(self, message: Any, steps: list[str], charged: int | None = None) -> Heard:
        """The SDK's accumulator keeps the usage that it knows; the charge is in its event."""
        by_type = {kind: [block for block in message.content if block.type == kind] for kind in BLOCKS}
        usage = message.usage
        prompt = usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        return Heard(
            id=message.id,
            text="".join(block.text for block in by_type["text"]),
            finish=message.stop_reason,
            usage=(prompt, usage.output_tokens),
            charged_cents=usage.charged_cents if charged is None else charged,
            thought="".join(block.thinking for block in by_type["thinking"]),
            calls=[(block.id, block.name, block.input) for block in by_type["tool_use"]],
            echo=[{"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in message.content]}],
            steps=steps,
        )

    def hello(self, *parts: Turn, text: str) -> list[Turn]:
        return [{"role": "user", "content": [*parts, {"type": "text", "text": text}]}]

    def image(self, data: str) -> Turn:
        return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}

    def pdf(self, data: str) -> Turn:
        source = {"type": "base64", "media_type": "application/pdf", "data": data}
        return {"type": "document", "title": "a.pdf", "source": source}

    def results(self, heard: Heard, said: str) -> list[Turn]:
        results = [{"type": "tool_result", "tool_use_id": id, "content": said} for id, _, _ in heard.calls]
        return [{"role": "user", "content": results}]

    def leave(self, model: str, text: str, words: int) -> str:
        messages: list[MessageParam] = [{"role": "user", "content": text}]
        with self.client.messages.create(model=model, max_tokens=8000, messages=messages, stream=True) as stream:
            for event in stream:
                if event.type == "message_start":
                    id = event.message.id
                words -= event.type == "content_block_delta"
                if words <= 0:
                    return str(id)
        raise AssertionError("it ended before")

    @contextmanager
    def refused(self) -> Iterator[dict[str, Any]]:
        told: dict[str, Any] = {}
        try:
            yield told
        except anthropic.APIStatusError as error:
            body: Any = error.body
            told |= {"status": error.status_code, **body["error"]}


@contextmanager
def refused_by_openai() -> Iterator[dict[str, Any]]:
    told: dict[str, Any] = {}
    try:
        yield told
    except openai.APIStatusError as error:
        body: Any = error.body
        told |= {"status": error.status_code, **body}


class Responses:
    name, cut = "responses", "response.failed"

    def __init__(self, gateway: Gateway, who: str = "alice") -> None:
        self.client = gateway.client(who)

    def fields(self, model: str, said: Any, asks: dict[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {"model": model, "input": said, "store": False}
        if asks.get("tools"):
            tool = {"type": "function", "name": "get_weather", "description": "The weather", "parameters": CITY}
            fields["tools"] = [{**tool, "strict": True}]
        if asks.get("think"):
            fields["reasoning"] = {"effort": "medium", "summary": "auto"}
        if asks.get("schema"):
            fields["text"] = {"format": {"type": "json_schema", "name": "city", "schema": CITY, "strict": True}}
        return fields

    def ask(self, model: str, said: Any, *, stream: bool, **asks: Any) -> Heard:
        fields = self.fields(model, said, asks)
        if not stream:
            return self.heard(self.client.responses.create(**fields), [])
        with self.client.responses.stream(**fields) as events:
            told = list(events)
            numbers = [event.sequence_number for event in told]
            assert numbers == sorted(set(numbers)), numbers
            return self.heard(events.get_final_response(), [event.type for event in told])

    def heard(self, response: Any, steps: list[str]) -> Heard:
        calls = [item for item in response.output if item.type == "function_call"]
        thoughts = [part.text for item in response.output if item.type == "reasoning" for part in item.summary]
        finish = response.incomplete_details.reason if response.incomplete_details else response.status
        echoed = [item.model_dump(exclude_none=True) for item in response.output]
        return Heard(
            id=response.id,
            text=response.output_text,
            finish=finish,
            usage=(response.usage.input_tokens, response.usage.output_tokens),
            charged_cents=response.usage.charged_cents,
            thought="".join(thoughts),
            calls=[(item.call_id, item.name, json.loads(item.arguments)) for item in calls],
            echo=[{name: value for name, value in item.items() if name != "parsed_arguments"} for item in echoed],
            steps=steps,
        )

    def hello(self, *parts: Turn, text: str) -> list[Turn]:
        return [{"role": "user", "content": [*parts, {"type": "input_text", "text": text}]}]

    def image(self, data: str) -> Turn:
        return {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64," + data}

    def pdf(self, data: str) -> Turn:
        return {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64," + data}

    def results(self, heard: Heard, said: str) -> list[Turn]:
        return [{"type": "function_call_output", "call_id": id, "output": said} for id, _, _ in heard.calls]

    def leave(self, model: str, text: str, words: int) -> str:
        with self.client.responses.create(model=model, input=text, stream=True) as stream:
            for event in stream:
                if event.type == "response.created":
                    id = event.response.id
                words -= event.type == "response.output_text.delta"
                if words <= 0:
                    return str(id)
        raise AssertionError("it ended before")

    refused = staticmethod(refused_by_openai)


class Chat:
    name, cut = "chat", "error"

    def __init__(self, gateway: Gateway, who: str = "alice") -> None:
        self.client = gateway.client(who)

    def fields(self, model: str, said: Any, asks: dict[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {"model": model, "messages": said}
        if asks.get("tools"):
            tool = {"name": "get_weather", "description": "The weather", "parameters": CITY, "strict": True}
            fields["tools"] = [{"type": "function", "function": tool}]
        if asks.get("think"):
            fields["reasoning_effort"] = "medium"
        if asks.get("schema"):
            named = {"name": "city", "schema": CITY, "strict": True}
            fields["response_format"] = {"type": "json_schema", "json_schema": named}
        return fields

    def ask(self, model: str, said: Any, *, stream: bool, **asks: Any) -> Heard:
        fields = self.fields(model, said, asks)
        if not stream:
            return self.heard(self.client.chat.completions.create(**fields), [])
        with self.client.chat.completions.stream(**fields, stream_options={"include_usage": True}) as events:
            told = list(events)
            return self.heard(events.get_final_completion(), [event.type for event in told])

    def heard(self, completion: Any, steps: list[str]) -> Heard:
        (choice,) = completion.choices
        message = choice.message
        calls = [
            (call.id, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or ()
        ]
        echo = message.model_dump(exclude_none=True)
        echo.pop("parsed", None)
        for call in echo.get("tool_calls", ()):
            call["function"].pop("parsed_arguments", None)
        return Heard(
            id=completion.id,
            text=message.content or "",
            finish=choice.finish_reason,
            usage=(completion.usage.prompt_tokens, completion.usage.completion_tokens),
            charged_cents=completion.usage.charged_cents,
            thought=getattr(message, "reasoning_content", None) or "",
            calls=calls,
            echo=[echo],
            steps=steps,
        )

    def hello(self, *parts: Turn, text: str) -> list[Turn]:
        return [{"role": "user", "content": [*parts, {"type": "text", "text": text}]}]

    def image(self, data: str) -> Turn:
        return {"type": "image_url", "image_url": {"url": "data:image/png;base64," + data}}

    def pdf(self, data: str) -> Turn:
        return {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64," + data}}

    def results(self, heard: Heard, said: str) -> list[Turn]:
        return [{"role": "tool", "tool_call_id": id, "content": said} for id, _, _ in heard.calls]

    def leave(self, model: str, text: str, words: int) -> str:
        said: Any = [{"role": "user", "content": text}]
        with self.client.chat.completions.create(model=model, messages=said, stream=True) as stream:
            for chunk in stream:
                words -= bool(chunk.choices and chunk.choices[0].delta.content)
                if words <= 0:
                    return chunk.id
        raise AssertionError("it ended before")

    refused = staticmethod(refused_by_openai)


BLOCKS = ("text", "thinking", "redacted_thinking", "tool_use")
SPEAKERS = (Chat, Messages, Responses)
