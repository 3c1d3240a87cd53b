"""Shapes that clients mix into Chat Completions, brought to OpenAI's own before anything is checked.

Cursor sends flat tools (`{"type": "function", "name": …}`, as the Responses API has them) beside nested ones, grammars
in either form, `tool_choice` as an object for what is a word, and `input` in place of `messages`.
"""

import json
from typing import Any

Json = dict[str, Any]

# What other models than OpenAI's are shown of a custom tool: one text.
ONE_TEXT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
OF_FUNCTION = ("name", "description", "parameters", "strict")
OF_CUSTOM = ("name", "description", "format")
WORDS = {"auto": "auto", "none": "none", "required": "required", "any": "required"}


def settle(given: Json) -> None:
    """Changes `given`; what has no such shape is left to be refused by name."""
    if "input" in given and not given.get("messages") and (messages := of_input(given["input"])):
        instructions = given.pop("instructions", None)
        head = [{"role": "system", "content": instructions}] if isinstance(instructions, str) else []
        given["messages"] = head + messages
        del given["input"]
    for name, settled in (("tools", tool), ("messages", message)):
        if isinstance(given.get(name), list):
            given[name] = [settled(each) if isinstance(each, dict) else each for each in given[name]]
    if isinstance(given.get("tool_choice"), dict):
        given["tool_choice"] = choice(given["tool_choice"])


def tool(given: Json) -> Json:
    kind = given.get("type")
    if kind == "function" and "function" not in given and "name" in given:
        return nested(given, "function", OF_FUNCTION)
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
    kind = given.get("type")
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
    calls = given.get("tool_calls")
    if not isinstance(calls, list):
        return given
    return {**given, "tool_calls": [custom_call(call) if isinstance(call, dict) else call for call in calls]}


def custom_call(given: Json) -> Json:
    custom = given.get("custom")
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
    return given
