"""What the tests of this folder speak: a Gemini of the catalogue, a request to it, a reply from it."""

import json
from functools import cache
from typing import Any

from inference.catalog import loading
from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.reply import Choice, Delta, Facts, Gathered, Reply
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.dialects import gemini
from inference.sse import Decoder

MODELS = ("gemini-2.5-pro", "gemini-2.5-flash", "gemini-3-pro", "gemini-3-flash")
PRO, FLASH, PRO_3, FLASH_3 = MODELS
HELLO = [{"role": "user", "content": "Hello"}]

Json = dict[str, Any]


@cache
def target(model: str = FLASH_3) -> Target:
    row = loading.rows()[model]
    return Target(row["upstream_id"], Traits.of(row["traits"]), lambda text: f"hash of {text}")


def request(**fields: Any) -> ChatRequest:
    return ChatRequest.read(json.dumps({"model": "gemini", "messages": HELLO, **fields}).encode())


def rendered(model: str = FLASH_3, *, limit: int | None = None, **fields: Any) -> ProviderRequest:
    return gemini.render(request(**fields), target(model), limit=limit)


def body(model: str = FLASH_3, **fields: Any) -> Json:
    return rendered(model, **fields).body


def config(model: str = FLASH_3, **fields: Any) -> Json:
    found: Json = body(model, **fields).get("generationConfig", {})
    return found


def contents(*messages: Json, model: str = FLASH_3) -> list[Json]:
    found: list[Json] = body(model, messages=list(messages))["contents"]
    return found


def refused(model: str = FLASH_3, **fields: Any) -> InvalidRequest:
    try:
        rendered(model, **fields)
    except InvalidRequest as refusal:
        return refusal
    raise AssertionError("the request was not refused")


def user(content: Any = "Hello") -> Json:
    return {"role": "user", "content": content}


def call(call_id: str, name: str = "get_weather", arguments: str = "{}", signature: str | None = None) -> Json:
    signed = {"extra_content": {"google": {"thought_signature": signature}}} if signature else {}
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}, **signed}


def calling(*calls: Json, **fields: Any) -> Json:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **fields}


def result(call_id: str, content: Any = "ok") -> Json:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def tool(name: str = "get_weather", **function: Any) -> Json:
    return {"type": "function", "function": {"name": name, **function}}


def image(url: str) -> Json:
    return {"type": "image_url", "image_url": {"url": url}}


# --- replies


def answer(*parts: Json, finish: str | None = None, **fields: Any) -> Json:
    """A `GenerateContentResponse` of one candidate."""
    ending = {"finishReason": finish} if finish else {}
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **ending, "index": 0}], **fields}


def usage(prompt: int = 61, candidates: int | None = 18, **counts: Any) -> Json:
    said = {} if candidates is None else {"candidatesTokenCount": candidates}
    return {"usageMetadata": {"promptTokenCount": prompt, **said, **counts}}


def function_call(name: str, args: Json | None = None, **part: Any) -> Json:
    return {"functionCall": {"name": name, **({} if args is None else {"args": args})}, **part}


def sse(*answers: Any) -> str:
    return "".join(f"data: {json.dumps(told)}\r\n\r\n" for told in answers)


def read(
    stream: str | bytes, sent: ProviderRequest | None = None, *, step: int | None = None
) -> tuple[list[Delta], Facts]:
    """A whole stream, in network reads of `step` bytes."""
    raw = stream.encode() if isinstance(stream, str) else stream
    decoder, translator = Decoder(), gemini.stream(sent or rendered())
    found: list[Delta] = []
    for at in range(0, len(raw), step or max(1, len(raw))):
        for event in decoder.feed(raw[at : at + (step or len(raw))]):
            found += translator.feed(event)
    for event in decoder.end():
        found += translator.feed(event)
    return found + translator.end(), translator.facts


def streamed(*answers: Any, **fields: Any) -> tuple[list[Delta], Facts]:
    return read(sse(*answers), rendered(**fields))


def gathered(found: list[Delta]) -> Choice:
    whole = Gathered()
    for delta in found:
        whole.add(delta)
    return whole.reply(Facts()).choices[0]


def reply(told: Any, **fields: Any) -> Reply:
    return gemini.parse(told, rendered(**fields))


def message(*parts: Json, finish: str = "STOP", **fields: Any) -> Json:
    return reply(answer(*parts, finish=finish), **fields).choices[0].message


def broken(*answers: Any, sent: ProviderRequest | None = None) -> tuple[list[Delta], Facts, ProviderError]:
    """What a stream gave before it failed, and how it failed."""
    decoder, translator = Decoder(), gemini.stream(sent or rendered())
    found: list[Delta] = []
    try:
        for event in decoder.feed(sse(*answers).encode()) + decoder.end():
            found += translator.feed(event)
        found += translator.end()
    except ProviderError as fault:
        return found, translator.facts, fault
    raise AssertionError("the stream did not fail")


def text(words: str, **part: Any) -> Json:
    return {"text": words, **part}
