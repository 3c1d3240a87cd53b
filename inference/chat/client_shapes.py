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
OF_CUSTOM = ("name", "description", "format")
FOREIGN = ("input_text", "output_text", "input_image", "input_file", "image")  # parts of other formats
WORDS = {"auto": "auto", "none": "none", "required": "required", "any": "required"}


def settle(given: Json) -> None:
    """Changes `given`; what has no such shape is left to be refused by name."""
    if "input" in given and not given.get("messages") and (messages := of_input(given["input"])):
        instructions = given.pop("instructions", None)
        head = [{"role": "system", "content": instructions}] if isinstance(instructions, str) else []
        given["messages"] = head + messages
        del given["input"]
        if "max_output_tokens" in given and given.get("max_completion_tokens") is None:
            given["max_completion_tokens"] = given.pop("max_output_tokens")
    for name, settled in (("tools", tool), ("messages", message)):
        if isinstance(given.get(name), list):
            given[name] = [settled(each) if isinstance(each, dict) else each for each in given[name]]
    chosen = given.get("tool_choice")
    if isinstance(chosen, dict):
        given["tool_choice"] = choice(chosen)
    elif isinstance(chosen, str):
        given["tool_choice"] = WORDS.get(chosen, chosen) or None


def tool(given: Json) -> Json:
    kind = given.get("type") or ("function" if "name" in given or isinstance(given.get("function"), dict) else None)
    if kind == "function" and "function" not in given and "name" in given:
        if "parameters" not in given and "input_schema" in given:
            given = {**given, "parameters": given["input_schema"]}
            del given["input_schema"]
        return nested({**given, "type": kind}, "function", OF_FUNCTION)
    if kind == "function" and not given.get("type"):
        return {**given, "type": kind}
    if kind == "custom":
        if not isinstance(given.get("custom"), dict):
            given = nested(given, "custom", OF_CUSTOM)
        custom = given["custom"] = {**given["custom"]}
        if isinstance(custom.get("format"), dict):
            custom["format"] = grammar(custom["format"])
        described = {"description": custom["description"]} if custom.get("description") else {}
        return {"function": {"name": custom.get("name"), **described, "parameters": ONE_TEXT}, **given}
    return given


def nested(given: Json, kind: str, names: tuple[str, ...]) -> Json:
    inner = {name: given[name] for name in names if name in given}
    return {**{name: value for name, value in given.items() if name not in names}, kind: inner}


def grammar(given: Json) -> Json:
    """Chat Completions nest a grammar, the Responses API lays it flat."""
    if given.get("type") == "grammar" and "grammar" not in given:
        return {"type": "grammar", "grammar": {name: given[name] for name in ("syntax", "definition") if name in given}}
    return given


def choice(given: Json) -> Any:
    kind = given.get("type") or ("function" if isinstance(given.get("function"), dict) else None)
    if kind == "function" and "type" not in given:
        return {**given, "type": kind}
    if isinstance(kind, str) and kind in WORDS:
        return WORDS[kind]
    if kind in ("function", "custom", "tool") and "name" in given and not isinstance(given.get(kind), dict):
        kind = "custom" if kind == "custom" else "function"
        return {"type": kind, kind: {"name": given["name"]}}
    if kind == "allowed_tools":
        allowed = given.get("allowed_tools")
        if not isinstance(allowed, dict) and "tools" in given:
            allowed = {"mode": given.get("mode", "auto"), "tools": given["tools"]}
        if isinstance(allowed, dict) and isinstance(allowed.get("tools"), list):
            tools = [choice(each) if isinstance(each, dict) else each for each in allowed["tools"]]
            allowed = {**allowed, "tools": tools}
        return {"type": kind, "allowed_tools": allowed}
    return given


def message(given: Json) -> Json:
    """A custom call is shown to other models as a call with one text."""
    said, calls = given.get("content"), given.get("tool_calls")
    if isinstance(said, list) and any(isinstance(each, dict) and foreign(each) for each in said):
        given = {**given, "content": content(said)}
    if not isinstance(calls, list):
        return given
    return {**given, "tool_calls": [custom_call(call) if isinstance(call, dict) else call for call in calls]}


def foreign(given: Json) -> bool:
    kind = given.get("type")
    return isinstance(kind, str) and kind in FOREIGN


def custom_call(given: Json) -> Json:
    custom, function = given.get("custom"), given.get("function")
    if isinstance(function, dict) and isinstance(function.get("arguments"), dict):  # some clients keep them parsed
        function = {**function, "arguments": json.dumps(function["arguments"], ensure_ascii=False)}
        given = {**given, "function": function}
    if given.get("type") != "custom" or not isinstance(custom, dict):
        return given
    arguments = json.dumps({"input": custom.get("input", "")}, ensure_ascii=False)
    shown = given.get("function") or {"name": custom.get("name"), "arguments": arguments}  # OpenAI's SDK echoes null
    return {**given, "function": shown}


# `input` of the Responses API


def of_input(given: Any) -> list[Json]:
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    messages: list[Json] = []
    for item in given if isinstance(given, list) else ():
        if not isinstance(item, dict):
            return []
        match item.get("type", "message"):
            case "message":
                messages.append({"role": item.get("role"), "content": content(item.get("content"))})
            case "function_call" | "custom_tool_call":
                add_call(messages, item)
            case "function_call_output" | "custom_tool_call_output":
                said = content(item.get("output"))
                messages.append({"role": "tool", "tool_call_id": item.get("call_id"), "content": said})
            case "reasoning":
                continue
            case _:
                return []
    return messages


def add_call(messages: list[Json], item: Json) -> None:
    kind, asked = ("custom", "input") if item["type"] == "custom_tool_call" else ("function", "arguments")
    call = {"id": item.get("call_id"), "type": kind, kind: {"name": item.get("name"), asked: item.get(asked, "")}}
    if not messages or messages[-1]["role"] != "assistant":
        messages.append({"role": "assistant", "content": None})
    messages[-1].setdefault("tool_calls", []).append(call)


def content(given: Any) -> Any:
    return [part(each) if isinstance(each, dict) else each for each in given] if isinstance(given, list) else given


def part(given: Json) -> Json:
    match given.get("type"):
        case "input_text" | "output_text":
            return {"type": "text", "text": given.get("text")}
        case "input_image":
            detail = {"detail": given["detail"]} if "detail" in given else {}
            return {"type": "image_url", "image_url": {"url": given.get("image_url"), **detail}}
        case "input_file":
            file = {"file_data": given.get("file_data") or given.get("file_url"), "filename": given.get("filename")}
            return {"type": "file", "file": file}
        case "image" if isinstance(source := given.get("source"), dict):
            data = f"data:{source.get('media_type')};base64,{source.get('data')}"
            marked = {"cache_control": given["cache_control"]} if "cache_control" in given else {}
            return {"type": "image_url", "image_url": {"url": source.get("url") or data}, **marked}
    return given
