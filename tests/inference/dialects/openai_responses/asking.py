"""Requests to gpt-5.2-codex as the catalogue has it, rendered; and replies to them."""

import json
from pathlib import Path
from typing import Any

from inference.catalog import loading
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.reply import Delta, Gathered, Reply
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.dialects import openai_responses
from inference.sse import Event

ROOT = Path(__file__).parents[4]
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def codex_traits(**changes: Any) -> Traits:
    return Traits.of({**loading.rows()["gpt-5.2-codex"]["traits"], **changes})


def target(model: str = "gpt-5.2-codex", **traits: Any) -> Target:
    return Target(model, codex_traits(**traits), lambda value: f"hash-of-{value}")


def read(*messages: dict[str, Any], **fields: Any) -> ChatRequest:
    given = list(messages) or [{"role": "user", "content": "Hello"}]
    return ChatRequest.read(json.dumps({"model": "gpt-5.2-codex", "messages": given, **fields}).encode())


def rendered(
    *messages: dict[str, Any], limit: int | None = None, to: Target | None = None, **fields: Any
) -> ProviderRequest:
    return openai_responses.render(read(*messages, **fields), to or target(), limit=limit)


def body(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return rendered(*messages, **fields).body


def items(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = body(*messages)["input"]
    return given


def reply(response: dict[str, Any]) -> Reply:
    return openai_responses.parse(response, ProviderRequest(read(), {"model": "gpt-5.2-codex"}))


def response(*output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"object": "response", "id": "resp_1", "status": "completed", "output": list(output), **fields}


def streamed(*events: dict[str, Any]) -> Reply:
    deltas, translator = told(*events)
    gathered = Gathered()
    for delta in deltas:
        gathered.add(delta)
    return gathered.reply(translator.facts)


def told(*events: dict[str, Any]) -> tuple[list[Delta], Any]:
    translator = openai_responses.stream(ProviderRequest(read(), {"model": "gpt-5.2-codex"}))
    deltas = [delta for event in events for delta in translator.feed(Event(json.dumps(event)))]
    return deltas + translator.end(), translator


def on(output_index: int, event: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{event}", "output_index": output_index, **fields}


def completed(*output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "response.completed", "response": response(*output, **fields)}


def message(*texts: str, **fields: Any) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "role": "assistant", "id": "msg_1", "content": parts, **fields}


def call(name: str, arguments: str, call_id: str) -> dict[str, Any]:
    return {"type": "function_call", "id": "fc_1", "call_id": call_id, "name": name, "arguments": arguments}


def thought(name: str, seal: str | None, *summary: str) -> dict[str, Any]:
    texts = [{"type": "summary_text", "text": text} for text in summary]
    return {"type": "reasoning", "id": name, "summary": texts, "encrypted_content": seal}
