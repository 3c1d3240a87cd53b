"""Content blocks of callers as parts of the neutral form."""

import base64
from collections.abc import Callable
from typing import Any

from inference.api import expecting
from inference.chat.invalid_request import unsupported

Part = dict[str, Any]


def parts(value: Any, at: str, notes: list[str]) -> list[Part]:
    """The parts of a user's turn, a tool's result or a system prompt; `notes` names what is read as something else."""
    if isinstance(value, str):
        return [{"type": "text", "text": value}]
    found: list[Part] = []
    for number, block in enumerate(expecting.items(value, at)):
        found += part(expecting.mapping(block, f"{at}.{number}"), f"{at}.{number}", notes)
    return found


def part(block: Part, at: str, notes: list[str]) -> list[Part]:
    kind = expecting.text(block.get("type"), f"{at}.type")
    read = KINDS.get(kind)
    if read is None:
        expecting.note(notes, f"{kind}_dropped")
        return []
    made = read(block, at, notes)
    if made and block.get("cache_control") is not None:
        made[-1]["cache_control"] = block["cache_control"]
    return made


def text(block: Part, at: str, notes: list[str]) -> list[Part]:
    return [{"type": "text", "text": expecting.text(block.get("text"), f"{at}.text")}]


def image(block: Part, at: str, notes: list[str]) -> list[Part]:
    return [{"type": "image_url", "image_url": {"url": address(block, at)}}]


def document(block: Part, at: str, notes: list[str]) -> list[Part]:
    source = expecting.mapping(block.get("source"), f"{at}.source")
    if source.get("type") == "content":
        expecting.note(notes, "document_content_flattened")
        return parts(source.get("content"), f"{at}.source.content", notes)
    file = {"file_data": address(block, at), "filename": block.get("title"), "context": block.get("context")}
    citations = block.get("citations")
    file["citations"] = bool(isinstance(citations, dict) and citations.get("enabled")) or None
    return [{"type": "file", "file": file}]


def address(block: Part, at: str) -> str:
    """The address of an image or a document, or all of it as a data URL."""
    source = expecting.mapping(block.get("source"), f"{at}.source")
    match source.get("type"):
        case "base64":
            data = expecting.text(source.get("data"), f"{at}.source.data")
            return f"data:{expecting.text(source.get('media_type'), f'{at}.source.media_type')};base64,{data}"
        case "url":
            return expecting.text(source.get("url"), f"{at}.source.url")
        case "text":
            text = expecting.text(source.get("data"), f"{at}.source.data").encode("utf-8", "replace")
            return "data:text/plain;base64," + base64.b64encode(text).decode()
        case "file":
            raise unsupported(f"{at}: file ids are not supported; send the data.", param="messages", value=True)
    raise expecting.wrong(f"{at}.source.type", "this must be 'base64', 'url' or 'text'.")


def search_result(block: Part, at: str, notes: list[str]) -> list[Part]:
    """Others know no such block: its title and source stand before its words."""
    expecting.note(notes, "search_result_as_text")
    head = "\n".join(str(block[name]) for name in ("title", "source") if isinstance(block.get(name), str))
    return [{"type": "text", "text": head}, *parts(block.get("content"), f"{at}.content", notes)]


def tool_reference(block: Part, at: str, notes: list[str]) -> list[Part]:
    """What a search for tools found: all tools that a request declares are shown to the model anyway."""
    expecting.note(notes, "tool_reference_as_text")
    return [{"type": "text", "text": f"Found the tool {expecting.text(block.get('tool_name'), f'{at}.tool_name')}."}]


KINDS: dict[str, Callable[[Part, str, list[str]], list[Part]]] = {
    "text": text,
    "image": image,
    "document": document,
    "search_result": search_result,
    "tool_reference": tool_reference,
}


def mark_last(messages: list[dict[str, Any]], mark: Any) -> None:
    """A mark of the whole request is one on its last block."""
    last = messages[-1] if messages else {}
    if isinstance(last.get("content"), list) and last["content"]:
        last["content"][-1].setdefault("cache_control", mark)
    elif last:
        last.setdefault("cache_control", mark)
