"""Recorded requests and replies in one form each: what differs by design between what a caller sent and what we send.

One entry, one reason. Whatever is not named here has to be equal.
"""

from typing import Any

Fields = dict[str, Any]

# Ours to say, or nothing that a model is shown.
SETTINGS = {
    "anthropic": ("model", "stream", "service_tier", "context_management", "container"),
    "openai-responses": (
        *("model", "stream", "service_tier", "store", "include", "prompt_cache_retention", "previous_response_id"),
    ),
}
OF_BLOCKS = ("text", "thinking", "redacted_thinking", "tool_use", "tool_result", "image", "document")
KEPT = {
    "text": ("type", "text", "cache_control", "citations"),
    "tool_use": ("type", "id", "name", "input", "cache_control"),
    "tool_result": ("type", "tool_use_id", "content", "is_error", "cache_control"),
}


def request(folder: str, given: Fields) -> Fields:
    left = {name: value for name, value in given.items() if name not in SETTINGS[folder] and value is not None}
    return ANTHROPIC(left) if folder == "anthropic" else RESPONSES(left)


def anthropic(given: Fields) -> Fields:
    turns: list[Fields] = []
    system = blocks(given.pop("system", ""))
    for message in given["messages"]:
        content = blocks(message["content"])
        if message["role"] == "system":  # models before 2026 take it at the beginning only
            system += content
        elif turns and turns[-1]["role"] == message["role"]:  # neighbours of one role are one turn
            turns[-1]["content"] += content
        elif content:
            turns.append({"role": message["role"], "content": content})
    if turns and turns[-1]["role"] == "assistant" and turns[-1]["content"][-1]["type"] == "text":
        turns[-1]["content"][-1]["text"] = turns[-1]["content"][-1]["text"].rstrip()  # a prefill may not end in space
    mark = given.pop("cache_control", None)  # of the whole request: on its last block
    if mark is not None:
        turns[-1]["content"][-1]["cache_control"] = mark
    for turn in turns:  # results come first
        turn["content"].sort(key=lambda block: turn["role"] == "user" and block["type"] != "tool_result")
    normal = {**given, "messages": turns, "system": system}
    if "output_format" in normal:  # its name until 2025-12
        normal["output_config"] = {"format": normal.pop("output_format")}
    if "output_config" in normal:
        normal["output_config"] = {"format": None} if "format" in normal["output_config"] else {}
    normal["tools"] = [tool(each) for each in normal.pop("tools", ())]
    if normal.get("thinking", {}).get("type") == "disabled":
        del normal["thinking"]  # as it is where nobody asks
    if "thinking" in normal:
        normal["thinking"] = {name: value for name, value in normal["thinking"].items() if name != "display"}
        normal.pop("temperature", None)  # 1 is all it may be
    if "tool_choice" in normal:
        normal["tool_choice"] = {name: value for name, value in normal["tool_choice"].items() if value is not False}
    if not given.get("tools") or normal.get("tool_choice") == {"type": "none"}:
        normal.pop("tool_choice", None)  # tools of earlier turns are told again, and not to be called
        normal.pop("tools")
    return {name: value for name, value in normal.items() if value not in ([], {}, None)}


def blocks(content: Any) -> list[Fields]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content.strip() else []
    return [block(given) for given in map(as_text, content) if given["type"] in OF_BLOCKS and said(given)]


def as_text(given: Fields) -> Fields:
    """Blocks that a model without Anthropic's own features is told in words."""
    match given["type"]:
        case "compaction":
            return {"type": "text", "text": given["content"]}
        case "tool_reference":
            return {"type": "text", "text": f"Found the tool {given['tool_name']}."}
    return given


def said(given: Fields) -> bool:
    """Blank text is refused by Claude."""
    return given["type"] != "text" or bool(given["text"].strip())


def block(given: Fields) -> Fields:
    kept = KEPT.get(given["type"], tuple(given))
    normal = {name: value for name, value in given.items() if name in kept and value not in (None, False, [])}
    if given["type"] == "tool_result":
        normal["content"] = blocks(given.get("content") or [])
        normal = {name: value for name, value in normal.items() if value != []}
    if given["type"] == "tool_use":
        normal.setdefault("input", {})
    if given["type"] == "text":  # pages are of a search that is not sent on
        cited = [each for each in normal.pop("citations", ()) if each["type"] != "web_search_result_location"]
        normal |= {"citations": cited} if cited else {}
    return normal


def tool(given: Fields) -> Fields:
    if "input_schema" not in given:  # Anthropic's own goes as it came
        return {name: value for name, value in given.items() if value is not None}
    named = {name: given.get(name) for name in ("name", "description", "cache_control")}
    return {name: value for name, value in named.items() if value not in (None, "")}


def responses(given: Fields) -> Fields:
    items = given.pop("input")
    items = [{"role": "user", "content": items}] if isinstance(items, str) else items
    if (said := given.pop("instructions", None)) is not None:
        items = [{"role": "system", "content": said}, *items]
    normal = {**given, "input": answered([item(each) for each in items])}
    if "tools" in normal:
        normal["tools"] = [{name: each.get(name) for name in ("type", "name")} for each in normal["tools"]]
    if "text" in normal:
        normal["text"] = normal["text"]["format"]["type"]
    if not normal.get("tools"):
        normal.pop("tool_choice", None)
    return {name: value for name, value in normal.items() if value not in ([], {}, None)}


def item(given: Fields) -> Fields:
    """A message, a call, an answer: the ids of items that nobody stored mean nothing."""
    kind = given.get("type", "message")
    if kind == "message":
        content = given["content"]
        parts = [{"text": content}] if isinstance(content, str) else content
        said = [{name: value for name, value in part.items() if name in PARTS} for part in parts]
        return {"role": given["role"], "content": said}
    return {name: value for name, value in given.items() if name not in ("id", "status") or kind == "reasoning"}


PARTS = ("text", "image_url", "file_data", "file_url", "filename", "refusal")


def answered(items: list[Fields]) -> list[Fields]:
    """Answers follow the calls of one turn; what the provider's own tools did is not sent on."""
    return [each for each in items if each.get("type", "message") in ITEMS or "role" in each]


ITEMS = ("message", "reasoning", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output")
ANTHROPIC, RESPONSES = anthropic, responses


# Replies, as the SDK's own parser understood them


def reply(folder: str, understood: Any) -> Fields:
    given = understood.model_dump(mode="json", warnings=False)
    return message(given) if folder == "anthropic" else response(given)


def message(given: Fields) -> Fields:
    usage = given["usage"]
    counted = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
    return {
        "content": [block(each) for each in given["content"] if each["type"] in OF_BLOCKS and said(each)],
        "stop_reason": given["stop_reason"],
        "stop_sequence": given["stop_sequence"],
        "usage": [usage[name] or 0 for name in counted],
    }


def response(given: Fields) -> Fields:
    usage = given["usage"] or {}
    return {
        "output": [output(each) for each in given["output"] if each["type"] in ITEMS and not is_empty(each)],
        "status": given["status"],
        "incomplete_details": given["incomplete_details"],
        "error": given["error"],
        "usage": [usage.get(name) for name in ("input_tokens", "output_tokens", "total_tokens")],
    }


def is_empty(given: Fields) -> bool:
    """A message without a word, beside an image that the provider's tool made."""
    return given["type"] == "message" and not any(part.get("text") or part.get("refusal") for part in given["content"])


def output(given: Fields) -> Fields:
    kind = given["type"]
    if kind == "message":
        parts = [
            {name: value for name, value in part.items() if name in OF_PARTS and value is not None}
            for part in given["content"]
        ]
        for part in parts:  # files are of a search that is not offered
            part["annotations"] = [each for each in part.get("annotations", ()) if each["type"] == "url_citation"]
        return {"content": parts, "phase": given.get("phase"), "status": given["status"]}
    if kind == "reasoning":
        # Sealed twice, once for the item and once for the response: either seal is the provider's.
        return {"summary": given["summary"], "is_sealed": bool(given.get("encrypted_content"))}
    names = ("type", "call_id", "name", "arguments", "input")
    return {name: given.get(name) for name in names}


OF_PARTS = ("type", "text", "refusal", "annotations")
