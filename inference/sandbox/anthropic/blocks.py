"""A reply as content blocks, their deltas, its ending and its usage."""

import json
from collections.abc import Iterator
from typing import Any

from ..neutral_request import Usage
from ..replies import CALLS, LENGTH, MALFORMED, REFUSED, STOP, STOP_STRING, Choice, Reply
from ..tool_choice import Call
from ..word_tokens import count, count_words, pieces
from .models import known
from .thinking import shows, signature

FINISH = {
    STOP: "end_turn",
    STOP_STRING: "stop_sequence",
    LENGTH: "max_tokens",
    CALLS: "tool_use",
    REFUSED: "refusal",
    MALFORMED: "end_turn",
}


def content(reply: Reply) -> list[dict[str, Any]]:
    choice = reply.first
    blocks: list[dict[str, Any]] = []
    if choice.thinking:
        shown = shows(reply.ask.body, known(reply.ask.body["model"]))
        blocks.append(
            {
                "type": "thinking",
                "thinking": choice.thought if shown else "",
                "signature": signature(choice.thought if shown else ""),
            }
        )
    if choice.words:
        blocks.append({"type": "text", "text": choice.text})
    return blocks + [use(reply, call, nth) for nth, call in enumerate(choice.calls)]


def use(reply: Reply, call: Call, nth: int) -> dict[str, Any]:
    return {"type": "tool_use", "id": reply.id("toolu_", nth), "name": call.name, "input": call.arguments}


def emptied(block: dict[str, Any]) -> dict[str, Any]:
    return {**block, **{key: type(block[key])() for key in ("text", "thinking", "signature", "input") if key in block}}


def deltas(block: dict[str, Any], choice: Choice) -> Iterator[tuple[dict[str, Any], int]]:
    match block["type"]:
        case "thinking":
            for word in pieces(block["thinking"]):
                yield {"type": "thinking_delta", "thinking": word}, count(word)
            hidden = 0 if block["thinking"] else count_words(choice.thinking)
            yield {"type": "signature_delta", "signature": block["signature"]}, hidden
        case "text":
            for word in choice.words:
                yield {"type": "text_delta", "text": word}, count(word)
        case "tool_use":
            yield {"type": "input_json_delta", "partial_json": ""}, 0
            for piece in pieces(json.dumps(block["input"], ensure_ascii=False)) if block["input"] else ():
                yield {"type": "input_json_delta", "partial_json": piece}, count(piece)


def ending(choice: Choice) -> dict[str, Any]:
    ending: dict[str, Any] = {"stop_reason": FINISH[choice.finish], "stop_sequence": choice.stop, "stop_details": None}
    if choice.finish == REFUSED:
        ending["stop_details"] = {
            "type": "refusal",
            "category": "general_harms",
            "explanation": "The sandbox was told to refuse.",
        }
    return ending


def usage_at_start(usage: Usage) -> dict[str, Any]:
    split = {"ephemeral_5m_input_tokens": usage.write_5m, "ephemeral_1h_input_tokens": usage.write_1h}
    return {**input_usage(usage), "cache_creation": split, "output_tokens": 1, "service_tier": "standard"}


def usage_at_end(usage: Usage, *, whole: bool = False) -> dict[str, Any]:
    thinking = {"output_tokens_details": {"thinking_tokens": usage.thinking}} if usage.thinking else {}
    return {**(usage_at_start(usage) if whole else input_usage(usage)), "output_tokens": usage.output, **thinking}


def input_usage(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.write_5m + usage.write_1h,
        "cache_read_input_tokens": usage.cached,
    }
