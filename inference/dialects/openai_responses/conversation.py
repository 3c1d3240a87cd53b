"""Messages as input items: a call and its answer are items of their own, beside the messages."""

import hashlib
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from inference.chat.messages import Message, ToolCall
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.traits import Traits
from inference.dialects.openai_responses import parts
from inference.dialects.openai_responses.reasoning import carried, followed

LONGEST_CALL_ID = 64


def write(rendered: ProviderRequest, target: Target, sent_names: Mapping[str, str]) -> list[dict[str, Any]]:
    """`sent_names`: the caller's name of a tool → the one sent, where it has to change. Raises `InvalidRequest`."""
    items: list[dict[str, Any]] = []
    custom: set[str] = set()  # ids of calls that take text
    for index, message in enumerate(rendered.request.messages):
        at = f"messages[{index}]"
        custom |= {call.id for call in message.calls if call.custom is not None}
        if message.role == "assistant":
            items += followed(assistant_items(message, target.upstream_model, sent_names))
        elif message.role == "tool":
            items.append(answer(message, target.traits, at, is_custom=message.tool_call_id in custom))
        else:
            items.append(
                {"type": "message", "role": message.role, "content": parts.contents(message.parts, at, target.traits)}
            )
    return items


def assistant_items(message: Message, upstream_model: str, sent_names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """In the order the model made them, where the caller carried that back; else the text, then the calls."""
    text = message.text or message.refusal or ""
    calls = {call.id: call for call in message.calls}
    if not (text or calls):
        yield spoken("")
        return
    steps = carried(message, upstream_model)
    texts = deque(pieces(text, [step["length"] for step in steps if step["type"] == "message"]))
    if not any(step["type"] == "message" for step in steps):
        yield from map(spoken, texts)
    for step in steps:
        match step["type"]:
            case "reasoning":
                yield step
            case "message" if texts and (piece := texts.popleft()):
                yield spoken(piece, step["phase"])
            case "function_call" | "custom_tool_call" if step["call_id"] in calls:
                yield function_call(calls.pop(step["call_id"]), sent_names)
    for call in calls.values():
        yield function_call(call, sent_names)


def spoken(text: str, phase: str | None = None) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": text, **({"phase": phase} if phase else {})}


def pieces(text: str, lengths: list[int]) -> list[str]:
    """The text as the messages it was; in one piece where the caller changed it."""
    if sum(lengths) != len(text):
        return [text] if text else []
    ends = list(accumulate(lengths))
    return [text[end - size : end] for end, size in zip(ends, lengths, strict=True)]


def function_call(call: ToolCall, sent_names: Mapping[str, str]) -> dict[str, Any]:
    name = sent_names.get(call.function.name, call.function.name)
    if call.custom is not None:
        return {"type": "custom_tool_call", "call_id": fitting(call.id), **call.custom.model_dump(), "name": name}
    asked = {"name": name, "arguments": call.function.arguments or "{}"}
    return {"type": "function_call", "call_id": fitting(call.id), **asked}


def answer(message: Message, traits: Traits, at: str, *, is_custom: bool) -> dict[str, Any]:
    only_text = all(part.type == "text" for part in message.parts)
    output = message.text if only_text else parts.contents(message.parts, at, traits)
    kind = "custom_tool_call_output" if is_custom else "function_call_output"
    return {"type": kind, "call_id": fitting(message.tool_call_id or ""), "output": output}


def fitting(call_id: str) -> str:
    """Ids made elsewhere may be longer than this API takes; a call and its answer stay together."""
    return call_id if len(call_id) <= LONGEST_CALL_ID else "call_" + hashlib.sha1(call_id.encode()).hexdigest()
