"""Shapes that clients mix into Chat Completions, brought to OpenAI's own before anything is checked.

Cursor sends flat tools (`{"type": "function", "name": …}`, as the Responses API has them, or `{"name": …,
"input_schema": …}`, as Anthropic has them) beside nested ones, grammars in either form, `tool_choice` as an object for
what is a word, and `input` in place of `messages`.
"""

import json
from typing import Any

Json = dict[str, Any]

# What other models than OpenAI's are shown of a custom tool: one text.
ONE_TEXT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
OF_FUNCTION = ("name", "description", "parameters", "strict")
OF_SCHEMA = ("name", "description", "schema", "strict")
OF_CUSTOM = ("name", "description", "format")
FOREIGN = ("input_text", "output_text", "input_image", "input_file", "image", "video_url")  # parts of other formats
WORDS = {"auto": "auto", "none": "none", "required": "required", "any": "required"}


def settle(fields: Json) -> None:
    """Changes `fields`; what has no such shape is left to be refused by name."""
    if "input" in fields and not fields.get("messages") and (messages := of_input(fields["input"])):
        instructions = fields.pop("instructions", None)
        head = [{"role": "system", "content": instructions}] if isinstance(instructions, str) else []
        fields["messages"] = head + messages
        del fields["input"]
        if "max_output_tokens" in fields and fields.get("max_completion_tokens") is None:
            fields["max_completion_tokens"] = fields.pop("max_output_tokens")
    for name, settled in (("tools", tool), ("messages", message)):
        if isinstance(fields.get(name), list):
            fields[name] = [settled(each) if isinstance(each, dict) else each for each in fields[name]]
    if isinstance(form := fields.get("response_format"), dict):
        fields["response_format"] = response_format(form)
    chosen = fields.get("tool_choice")
    if isinstance(chosen, dict):
        fields["tool_choice"] = choice(chosen)
    elif isinstance(chosen, str):
        fields["tool_choice"] = WORDS.get(chosen, chosen) or None


def response_format(fields: Json) -> Json:
    """The Responses API lays a schema flat; Chat Completions nest it."""
    if fields.get("type") == "json_schema" and "json_schema" not in fields and "schema" in fields:
        return nested(fields, "json_schema", OF_SCHEMA)
    return fields


def tool(fields: Json) -> Json:
    kind = fields.get("type") or ("function" if "name" in fields or isinstance(fields.get("function"), dict) else None)
    if kind == "function" and "function" not in fields and "name" in fields:
        if "parameters" not in fields and "input_schema" in fields:
            fields = {**fields, "parameters": fields["input_schema"]}
            del fields["input_schema"]
        return nested({**fields, "type": kind}, "function", OF_FUNCTION)
    if kind == "function" and not fields.get("type"):
        return {**fields, "type": kind}
    if kind == "custom":
        if not isinstance(fields.get("custom"), dict):
            fields = nested(fields, "custom", OF_CUSTOM)
        custom = fields["custom"] = {**fields["custom"]}
        if isinstance(custom.get("format"), dict):
            custom["format"] = grammar(custom["format"])
        described = {"description": custom["description"]} if custom.get("description") else {}
        return {"function": {"name": custom.get("name"), **described, "parameters": ONE_TEXT}, **fields}
    return fields


def nested(fields: Json, kind: str, names: tuple[str, ...]) -> Json:
    inner = {name: fields[name] for name in names if name in fields}
    return {**{name: value for name, value in fields.items() if name not in names}, kind: inner}


def grammar(fields: Json) -> Json:
    """Chat Completions nest a grammar, the Responses API lays it flat."""
    if fields.get("type") == "grammar" and "grammar" not in fields:
        return {
            "type": "grammar",
            "grammar": {name: fields[name] for name in ("syntax", "definition") if name in fields},
        }
    return fields


def choice(fields: Json) -> Any:
    kind = fields.get("type") or ("function" if isinstance(fields.get("function"), dict) else None)
    if kind == "function" and "type" not in fields:
        return {**fields, "type": kind}
    if isinstance(kind, str) and kind in WORDS:
        return WORDS[kind]
    if kind in ("function", "custom", "tool") and "name" in fields and not isinstance(fields.get(kind), dict):
        kind = "custom" if kind == "custom" else "function"
        return {"type": kind, kind: {"name": fields["name"]}}
    if kind == "allowed_tools":
        allowed = fields.get("allowed_tools")
        if not isinstance(allowed, dict) and "tools" in fields:
            allowed = {"mode": fields.get("mode", "auto"), "tools": fields["tools"]}
        if isinstance(allowed, dict) and isinstance(allowed.get("tools"), list):
            tools = [choice(each) if isinstance(each, dict) else each for each in allowed["tools"]]
            allowed = {**allowed, "tools": tools}
        return {"type": kind, "allowed_tools": allowed}
    return fields


def message(fields: Json) -> Json:
    """A custom call is shown to other models as a call with one text."""
    parts, calls = fields.get("content"), fields.get("tool_calls")
    if isinstance(parts, list) and any(isinstance(each, dict) and foreign(each) for each in parts):
        fields = {**fields, "content": content(parts)}
    if isinstance(fields.get("reasoning"), str) and fields.get("reasoning_content") is None:  # OpenRouter's word
        fields = {**fields, "reasoning_content": fields["reasoning"]}
        del fields["reasoning"]
    if not isinstance(calls, list):
        return fields
    return {**fields, "tool_calls": [custom_call(call) if isinstance(call, dict) else call for call in calls]}


def foreign(fields: Json) -> bool:
    kind = fields.get("type")
    return isinstance(kind, str) and (kind in FOREIGN or (kind == "image_url" and isinstance(fields.get(kind), str)))


def custom_call(fields: Json) -> Json:
    custom, function = fields.get("custom"), fields.get("function")
    if isinstance(function, dict) and isinstance(function.get("arguments"), dict):  # some clients keep them parsed
        function = {**function, "arguments": json.dumps(function["arguments"], ensure_ascii=False)}
        fields = {**fields, "function": function}
    if fields.get("type") != "custom" or not isinstance(custom, dict):
        return fields
    arguments = json.dumps({"input": custom.get("input", "")}, ensure_ascii=False)
    shown = fields.get("function") or {"name": custom.get("name"), "arguments": arguments}  # OpenAI's SDK echoes null
    return {**fields, "function": shown}


# `input` of the Responses API


def of_input(value: Any) -> list[Json]:
    if isinstance(value, str):
        return [{"role": "user", "content": value}]
    messages: list[Json] = []
    for item in value if isinstance(value, list) else ():
        if not isinstance(item, dict):
            return []
        match item.get("type", "message"):
            case "message":
                messages.append({"role": item.get("role"), "content": content(item.get("content"))})
            case "function_call" | "custom_tool_call":
                add_call(messages, item)
            case "function_call_output" | "custom_tool_call_output":
                output = content(item.get("output"))
                messages.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": output})
            case "reasoning":
                continue
            case _:
                return []
    return messages


def add_call(messages: list[Json], item: Json) -> None:
    kind, argument = ("custom", "input") if item["type"] == "custom_tool_call" else ("function", "arguments")
    call = {"id": item.get("call_id"), "type": kind, kind: {"name": item.get("name"), argument: item.get(argument, "")}}
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": None})
    messages[-1].setdefault("tool_calls", []).append(call)


def content(value: Any) -> Any:
    return [part(each) if isinstance(each, dict) else each for each in value] if isinstance(value, list) else value


def part(fields: Json) -> Json:
    match fields.get("type"):
        case "input_text" | "output_text":
            return {"type": "text", "text": fields.get("text")}
        case "image_url" if isinstance(fields.get("image_url"), str):  # as Mistral and the Responses API write it
            return {**fields, "image_url": {"url": fields["image_url"]}}
        case "video_url":  # Moonshot's, Alibaba's and OpenRouter's; OpenAI has no part for it
            film = fields.get("video_url")
            url = film.get("url") if isinstance(film, dict) else film
            return {**{name: value for name, value in fields.items() if name != "video_url"},
                    "type": "file", "file": {"file_data": url}}  # fmt: skip
        case "input_image":
            detail = {"detail": fields["detail"]} if "detail" in fields else {}
            return {"type": "image_url", "image_url": {"url": fields.get("image_url"), **detail}}
        case "input_file":
            file = {"file_data": fields.get("file_data") or fields.get("file_url"), "filename": fields.get("filename")}
            return {"type": "file", "file": file}
        case "image" if isinstance(source := fields.get("source"), dict):
            data = f"data:{source.get('media_type')};base64,{source.get('data')}"
            marked = {"cache_control": fields["cache_control"]} if "cache_control" in fields else {}
            return {"type": "image_url", "image_url": {"url": source.get("url") or data}, **marked}
    return fields
