"""A Messages request in plain words, and its prompt as blocks for the cache."""

import json
from typing import Any

from ..cache import Block
from ..neutral_request import AUTO, REQUIRED, Ask, Tool, Usage
from ..word_tokens import count, count_json, count_media
from . import own_tools
from .message_rules import blocks
from .models import Model
from .thinking import thinks

Body = dict[str, Any]
CHOICES = {"auto": AUTO, "any": REQUIRED, "none": "none"}


def understood(body: Body, model: Model, usage: Usage) -> Ask:
    choice = body.get("tool_choice") or {"type": "auto"}
    format = (body.get("output_config") or {}).get("format") or {}
    return Ask(
        model=model.served,
        prompt="\n".join([last_user_text(body["messages"]), *instructions(body["messages"])]),
        input=usage,
        results=trailing_results(body["messages"]),
        tools=tuple(Tool(tool["name"], own_tools.schema(tool)) for tool in body.get("tools", ())),
        choice=choice.get("name") or CHOICES[choice["type"]],
        parallel=not choice.get("disable_parallel_tool_use", False),
        thinks=thinks(body, model),
        limit=body["max_tokens"],
        stops=tuple(body.get("stop_sequences", ())),
        schema=format.get("schema"),
        stream=body.get("stream", False),
        user=(body.get("metadata") or {}).get("user_id"),
        body=body,
    )


def last_user_text(messages: list[Body]) -> str:
    for message in reversed(messages):
        spoken = [block["text"] for block in blocks(message) if block["type"] == "text"]
        if message["role"] == "user" and spoken:
            return "\n".join(spoken)
    return ""


def instructions(messages: list[Body]) -> list[str]:
    """What a system message at the end asks for."""
    last = messages[-1]
    return [block["text"] for block in blocks(last)] if last["role"] == "system" else []


def trailing_results(messages: list[Body]) -> tuple[str, ...]:
    """The tool results of the last message, unless the user says something after them."""
    last = blocks(messages[-1])
    if messages[-1]["role"] != "user" or any(block["type"] == "text" for block in last):
        return ()
    return tuple(result_text(block) for block in last if block["type"] == "tool_result")


def result_text(block: Body) -> str:
    content = block.get("content", "")
    return content if isinstance(content, str) else "\n".join(inner.get("text", "") for inner in content)


def prompt_blocks(body: Body) -> list[Block]:
    system = body.get("system") or []
    system = [{"type": "text", "text": system}] if isinstance(system, str) else system
    spoken = [block for message in body["messages"] for block in blocks(message)]
    found = [prompt_block(block) for block in (*body.get("tools", ()), *system, *spoken)]
    if body.get("cache_control"):
        found[-1] = Block(found[-1].content, found[-1].tokens, body["cache_control"].get("ttl", "5m"))
    return found


def prompt_block(block: Body) -> Block:
    mark = block.get("cache_control")
    bare = {key: value for key, value in block.items() if key != "cache_control"}
    return Block(json.dumps(bare, sort_keys=True), block_tokens(bare), mark.get("ttl", "5m") if mark else None)


def block_tokens(block: Body) -> int:
    match block.get("type"):
        case "text":
            return count(block["text"])
        case "thinking":
            return count(block["thinking"])
        case "tool_use":
            return 1 + count_json(block["input"])
        case "tool_result":
            return count(result_text(block))
        case "image" | "document":
            return count_media(block["source"].get("data", ""))
    return count_json(block) + own_tools.hidden_tokens(block)
