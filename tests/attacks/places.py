"""Requests with a string in every field that takes one, and a long text put into any of them."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from inference.billing import token_counting
from tests.attacks.measuring import Json, file_part
from tests.inference.media_samples import AUDIO_PART, data_url

LETTERS = "abcdefghijklmnopqrstuvwxyz"
MARK = "".join(random.Random(7).choices(LETTERS, k=10_000))  # in no request by itself, and no base64 of anything
MARK_TOKENS = token_counting.count(MARK) - 40  # for what joins with its neighbours


def user(*parts: Json) -> Json:
    return {"role": "user", "content": list(parts) or "u"}


def model_said(**fields: Any) -> Json:
    return {"role": "assistant", **fields}


def asked(*messages: Json, **fields: Any) -> Json:
    return {"messages": list(messages) or [user()], **fields}


SCHEMA = {"type": "object", "description": "s", "properties": {"p": {"type": "string", "enum": ["e"], "title": "t"}}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": "b"}'}}
SIGNED = {"google": {"thought_signature": "s"}}
THOUGHTS = [{"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "redacted_thinking", "data": "d"}]
REASONING = {"type": "reasoning", "id": "i", "summary": [{"text": "s"}], "encrypted_content": "e"}
SEALED = {"openai": {"model": "gpt-5.2-codex", "output": [REASONING, {"type": "function_call", "call_id": "c"}]}}
RESULT = {"role": "tool", "tool_call_id": "c", "content": "o"}
TEXT = {"type": "text", "text": "t"}
FUNCTION = {"name": "f", "description": "d", "parameters": SCHEMA}
TOOL = {"type": "function", "function": FUNCTION}
NAMED = {"type": "function", "function": {"name": "f"}}
CUSTOM_CALL = {"id": "c", "type": "custom", "custom": {"name": "f", "input": "i"}}
CUSTOM = {
    "type": "custom",
    "custom": {
        "name": "f",
        "description": "d",
        "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "d"}},
    },
}
CUSTOM_NAMED = {"type": "custom", "custom": {"name": "f"}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [NAMED]}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "description": "d", "schema": SCHEMA}}
IMAGE = {"type": "image_url", "image_url": {"url": "https://images.example/a.png", "detail": "auto"}}
FILE = file_part(data_url("text/plain", b"words"), "n")
CITED = {"type": "char_location", "cited_text": "c", "document_index": 0, "document_title": "t"}
MARKED = {**TEXT, "cache_control": {"type": "ephemeral", "ttl": "1h"}, "prompt_cache_breakpoint": {"mode": "explicit"}}
SPOKE = model_said(content="a", tool_calls=[CALL], thinking_blocks=THOUGHTS, reasoning_content="k", refusal="r")

BODIES: dict[str, Json] = {
    "history": asked(
        {"role": "system", "content": "s", "name": "n"}, {**user(), "name": "n"}, SPOKE, RESULT, tools=[TOOL]
    ),
    "signed text": asked(user(), model_said(content="a", extra_content=SIGNED), user()),
    "signed call": asked(user(), model_said(tool_calls=[{**CALL, "extra_content": SIGNED}]), RESULT),
    "sealed": asked(user(), model_said(content="a", tool_calls=[CALL], extra_content=SEALED), RESULT),
    "text parts": asked(user(TEXT)),
    "refusal part": asked(user(), model_said(content=[{"type": "refusal", "refusal": "r"}]), user()),
    "image": asked(user(IMAGE)),
    "image in a result": asked(user(), SPOKE, {**RESULT, "content": [TEXT, IMAGE]}),
    "audio": asked(user(AUDIO_PART)),
    "file": asked(user(FILE)),
    "file id": asked(user({"type": "file", "file": {"file_id": "i"}})),
    "cited": asked(
        user({**FILE, "file": {**FILE["file"], "context": "c", "citations": True}}),
        model_said(content=[{**TEXT, "citations": [CITED]}], order=[["text", 0]]),
        user(),
    ),
    "failed": asked(user(), SPOKE, {**RESULT, "is_error": "i"}),
    "format": asked(response_format=FORMAT),
    "choice": asked(tools=[TOOL], tool_choice=NAMED),
    "allowed": asked(tools=[TOOL], tool_choice=ALLOWED),
    "functions": asked(functions=[FUNCTION], function_call={"name": "f"}),
    "old call": asked(
        user(), model_said(content=None, function_call=CALL["function"]), {**RESULT, "role": "function", "name": "f"}
    ),
    "stop": asked(stop="s"),
    "stops": asked(stop=["s"]),
    "prediction": asked(prediction={"type": "content", "content": "p"}),
    "biases": asked(logit_bias={"1": 1}),
    "marks": asked(user(MARKED)),
    "custom": asked(user(), model_said(tool_calls=[CUSTOM_CALL]), RESULT, tools=[CUSTOM], tool_choice=CUSTOM_NAMED),
    "continued": asked(user(), model_said(content="a", partial=True, reasoning_content="k")),
    "people": asked(user="u", safety_identifier="s", prompt_cache_key="k", metadata={"m": "v"}),
    "sound": asked(modalities=["text"], audio={"voice": "v"}),
    "searches": asked(web_search_options={"w": "o"}, moderation="m"),
    "caches": asked(prompt_cache_retention="r", prompt_cache_options="o", service_tier="auto"),
    "a field of tomorrow": asked(tomorrow={"this": "field"}),
}

Path = tuple[Any, ...]


def places(value: Any, at: Path = ()) -> Iterator[Path]:
    """Of every string in a body, the names of fields included (a path that ends in `None`)."""
    if isinstance(value, str):
        yield at
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(inner, (*at, name))
        if isinstance(name, str) and at:
            yield (*at, name, None)


def marked(body: Json, place: Path) -> Json:
    """With the mark in that place; where JSON is written in a string, inside of that JSON."""
    body = copy.deepcopy(body)
    *way, last = place if place[-1] is not None else place[:-1]
    held: Any = body
    for step in way:
        held = held[step]
    if place[-1] is None:
        held[MARK] = held.pop(last)
    else:
        held[last] = json.dumps({"a": MARK}) if last == "arguments" else MARK
    return body


def text_at(body: Json, place: Path) -> str:
    """What the mark replaces."""
    if place[-1] is None:
        return str(place[-2])
    held: Any = body
    for step in place:
        held = held[step]
    return str(held)
