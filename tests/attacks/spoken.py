"""A chat completion's fields as each other format says them: every attack on one is an attack on all.

What a format has no word for stays as it is: there it is an unknown field, or a wrong one.
"""

import json
from collections.abc import Callable
from typing import Any

from inference.api.formats import AT, COMPLETIONS
from tests.attacks import bodies

Fields = dict[str, Any]

PATHS = tuple(AT)  # every address that takes a completion's body
V1 = "/v1/"  # what answers without it, too, is the same format
FORMATS = {path.removeprefix(V1): format for path, format in COMPLETIONS.items() if path.startswith(V1)}


def in_messages(fields: Fields) -> Fields:
    said = {name: value for name, value in fields.items() if name not in ("messages", "tools", "response_format")}
    said |= {"max_tokens": 1000, "messages": each(fields.get("messages"), turn)}
    if "tools" in fields:
        said["tools"] = each(fields["tools"], lambda given: of_function(given, "input_schema"))
    if (form := schema_of(fields)) is not None:
        said["output_config"] = {"format": {"type": "json_schema", "schema": form}}
    if "stop" in fields:
        said["stop_sequences"] = said.pop("stop")
    return said


def in_responses(fields: Fields) -> Fields:
    said = {name: value for name, value in fields.items() if name not in ("messages", "tools", "response_format")}
    if "messages" in fields:  # else it says `input` already
        items = each(fields["messages"], items_of)
        said["input"] = items
        if isinstance(items, list):
            said["input"] = [item for inner in items for item in (inner if isinstance(inner, list) else [inner])]
    if "tools" in fields:
        said["tools"] = each(fields["tools"], lambda given: {"type": "function", **of_function(given, "parameters")})
    if (form := schema_of(fields)) is not None:
        said["text"] = {"format": {"type": "json_schema", "name": "x", "schema": form, "strict": True}}
    return said


def each(given: Any, change: Callable[[Any], Any]) -> Any:
    return (
        [change(value) if isinstance(value, dict) else value for value in given] if isinstance(given, list) else given
    )


def of_function(given: Fields, schema: str) -> Fields:
    function = given.get("function")
    if not isinstance(function, dict):
        return given
    named = {name: value for name, value in function.items() if name != "parameters"}
    return {**named, schema: function.get("parameters")}


def schema_of(fields: Fields) -> Any:
    form = fields.get("response_format")
    return form["json_schema"]["schema"] if isinstance(form, dict) else None


def turn(message: Fields) -> Fields:
    if message.get("role") == "tool":
        result = {"type": "tool_result", "tool_use_id": message.get("tool_call_id"), "content": message.get("content")}
        return {"role": "user", "content": [result]}
    if "tool_calls" in message:
        calls = each(message["tool_calls"], tool_use)
        return {"role": "assistant", "content": calls}
    if "thinking_blocks" in message:
        said = {"type": "text", "text": message.get("content")}
        return {"role": "assistant", "content": [*message["thinking_blocks"], said]}
    if isinstance(content := message.get("content"), list):
        return {**message, "content": each(content, block)}
    return message


def tool_use(call: Fields) -> Fields:
    function = call.get("function") or {}
    given = json.loads(function.get("arguments") or "{}")
    return {"type": "tool_use", "id": call.get("id"), "name": function.get("name"), "input": given}


def block(part: Fields) -> Fields:
    address = (part.get("image_url") or {}).get("url") or (part.get("file") or {}).get("file_data")
    if address is None:
        return part
    declared, _, data = address.removeprefix("data:").partition(";base64,")
    source = {"type": "base64", "media_type": declared, "data": data}
    return {"type": "image" if part.get("type") == "image_url" else "document", "source": source}


def items_of(message: Fields) -> Any:
    if message.get("role") == "tool":
        call_id, output = message.get("tool_call_id"), message.get("content")
        return {"type": "function_call_output", "call_id": call_id, "output": output}
    if "tool_calls" in message:
        return [
            {"type": "function_call", "call_id": call.get("id"), **(call.get("function") or {})}
            for call in message["tool_calls"]
        ]
    if isinstance(content := message.get("content"), list):
        return {**message, "content": each(content, input_part)}
    return message


def input_part(part: Fields) -> Fields:
    match part.get("type"):
        case "text":
            return {**part, "type": "input_text"}
        case "image_url":
            return {"type": "input_image", "image_url": part["image_url"]["url"]}
        case "file":
            return {"type": "input_file", "file_data": part["file"]["file_data"]}
    return part


SAID: dict[str, Callable[[Fields], Fields]] = {
    "chat/completions": dict,
    "messages": in_messages,
    "responses": in_responses,
}


def body(name: str, model: str, fields: Fields) -> bytes:
    return bodies.body(model, SAID[name](fields))


def everywhere(text: str, model: str = "gpt-5-mini") -> bytes:
    """A body that every format understands."""
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], "input": text}).encode()
