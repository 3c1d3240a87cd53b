"""Qwen's cache marks, and its prompt as blocks for the cache."""

import json
from collections.abc import Mapping
from typing import Any

from ..cache import Block
from ..refusals import Refused
from ..word_tokens import count, count_json, count_media
from .conversation import bad

CACHE_MIN, MARKS_MAX = 1024, 4


def parameter(message: str) -> Refused:
    return bad(message, code="invalid_parameter_error")


def check_marks(messages: list[dict[str, Any]]) -> None:
    many = sum(bool(part.get("cache_control")) for message in messages for part in parts(message))
    if many > MARKS_MAX:
        raise parameter(
            f"<400> InternalError.Algo.InvalidParameter: at most {MARKS_MAX} cache_control marks, {many} given"
        )


def prompt_blocks(body: Mapping[str, Any]) -> list[Block]:
    tools, found = body.get("tools"), []
    if tools:
        found.append(Block(json.dumps(tools, sort_keys=True), count_json(tools)))
    for message in body["messages"]:
        for part in parts(message):
            ttl = "5m" if part.get("cache_control") else None
            if part["type"] == "image_url":
                found.append(Block(str(part), count_media(str(part)), ttl))
            else:
                found.append(Block(f"{message['role']}: {part['text']}", count(part["text"]), ttl))
        found.append(Block(json.dumps(message.get("tool_calls")), count_json(message.get("tool_calls"))))
    return found


def parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return content if isinstance(content, list) else [{"type": "text", "text": content}]
