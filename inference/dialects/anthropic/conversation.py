"""Messages become a system prompt and alternating turns (docs/providers/anthropic.md).

Claude insists: no system message among the turns (but for models whose row says so), the first turn the user's, all
results of parallel calls in one user turn before any text, no blank text anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.chat.budget import Budget
from inference.chat.messages import TOOL_FAILED, Message, RefusalPart, ToolCall
from inference.chat.provider_request import ProviderRequest
from inference.chat.traits import Traits
from inference.dialects.anthropic import parts
from inference.dialects.anthropic.output_format import wants_json
from inference.dialects.anthropic.parts import Block
from inference.dialects.anthropic.tool_ids import ToolIds
from inference.dialects.untrusted_json import call_arguments

PLACEHOLDER = "."
CONTINUE = "Continue."


@dataclass(slots=True)
class Turn:
    role: str
    blocks: list[Block] = field(default_factory=list)

    def holds(self, block_type: str) -> bool:
        return any(block["type"] == block_type for block in self.blocks)


def write(rendered: ProviderRequest, traits: Traits, sent_names: Mapping[str, str]) -> tuple[list[Block], list[Turn]]:
    """The system prompt's blocks, and at least one turn of which the first is the user's. `sent_names`: the caller's
    name of a tool → the one that Claude takes, where it has to change.
    """
    request = rendered.request
    system: list[Block] = []
    turns = spoken(request.messages, traits, rendered.budget, system, sent_names)
    if not turns and system:
        turns = [Turn("user", [system.pop()])]
    if not turns or turns[0].role != "user":
        turns.insert(0, Turn("user", [parts.text(PLACEHOLDER)]))
    return system, turns


def close(turns: list[Turn], rendered: ProviderRequest, traits: Traits, *, thinks: bool) -> None:
    """An assistant turn at the end is a prefill, which thinking, JSON output and newer models exclude."""
    last = turns[-1]
    if last.role != "assistant":
        return
    if traits.prefill and wants_json(rendered.request):
        turns.pop()
        rendered.transform("prefill_dropped")
    elif thinks or not traits.prefill:
        turns.append(Turn("user", [parts.text(CONTINUE)]))
        rendered.transform("continue_appended")
    elif last.blocks[-1]["type"] == "text":
        last.blocks[-1]["text"] = last.blocks[-1]["text"].rstrip()


def spoken(
    messages: list[Message], traits: Traits, budget: Budget, system: list[Block], sent_names: Mapping[str, str]
) -> list[Turn]:
    """The turns; `system` gets what stands above them. In place, a later system message changes nothing before it, to
    which signed thoughts and the provider's cache are bound.
    """
    turns: list[Turn] = []
    ids = ToolIds(sent_names)
    for index, message in enumerate(messages):
        match message.role:
            case "system" | "developer" if turns and traits.system_in_place:
                add(turns, "system", system_blocks(message))
            case "system" | "developer":
                system += system_blocks(message)
            case "assistant":
                add(turns, "assistant", assistant_blocks(message, ids, budget))
            case "tool":
                add(turns, "user", [tool_result(message, f"messages[{index}]", ids, traits)])
            case _:
                add(turns, "user", user_blocks(message, f"messages[{index}]", traits))
    for turn in turns:
        turn.blocks.sort(key=lambda block: turn.role == "user" and block["type"] != "tool_result")
    return turns


def add(turns: list[Turn], role: str, blocks: list[Block]) -> None:
    if not blocks:
        return
    if turns and turns[-1].role == role:
        turns[-1].blocks += blocks
    else:
        turns.append(Turn(role, blocks))


def system_blocks(message: Message) -> list[Block]:
    return parts.marked_last(parts.texts(message.parts), message.cache_control)


def user_blocks(message: Message, at: str, traits: Traits) -> list[Block]:
    return parts.marked_last(parts.contents(message.parts, at, traits), message.cache_control)


def assistant_blocks(message: Message, ids: ToolIds, budget: Budget) -> list[Block]:
    thoughts = [block for given in message.thinking_blocks or () if (block := thinking_block(given)) is not None]
    refusal = [RefusalPart(type="refusal", refusal=message.refusal)] if message.refusal else []
    texts = parts.texts([*message.parts, *refusal])
    ids.begin()
    calls = [tool_use(call, ids, budget) for call in message.calls]
    said = parts.marked_last(texts + calls, message.cache_control)
    if message.order is not None and (ordered := in_order(message, thoughts, calls)) is not None:
        return ordered
    return thoughts + said if said else []  # a turn must not end in a thinking block


def in_order(message: Message, thoughts: list[Block], calls: list[Block]) -> list[Block] | None:
    """As Claude wrote it; None where the order is not one of all that there is."""
    texts = [parts.texts([part]) for part in message.parts]
    held = {"text": texts, "call": [[call] for call in calls], "thinking": [[thought] for thought in thoughts]}
    try:
        steps = [held[kind][number] for kind, number in message.order]
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    blocks = [block for step in steps for block in step]
    while blocks and blocks[-1]["type"] in ("thinking", "redacted_thinking"):
        blocks.pop()
    return blocks if len(steps) == sum(map(len, held.values())) else None


def thinking_block(given: dict[str, Any]) -> Block | None:
    """As Claude gave it and signed it. What others call thinking has no signature, and would be refused."""
    match given:
        case {"type": "thinking", "thinking": str(text), "signature": str(signature)} if signature:
            return {"type": "thinking", "thinking": text, "signature": signature}
        case {"type": "redacted_thinking", "data": str(hidden)} if hidden:
            return {"type": "redacted_thinking", "data": hidden}
    return None


def tool_use(call: ToolCall, ids: ToolIds, budget: Budget) -> Block:
    name, given = ids.name(call.function.name), call_arguments(call.function.arguments, budget)
    return parts.marked({"type": "tool_use", "id": ids.take(call.id), "name": name, "input": given}, call.cache_control)


def tool_result(message: Message, at: str, ids: ToolIds, traits: Traits) -> Block:
    contents = parts.contents(message.parts, at, traits)
    marks = [block.pop("cache_control") for block in contents if "cache_control" in block]
    block: Block = {"type": "tool_result", "tool_use_id": ids.answered(message.tool_call_id or "")}
    # Claude takes no failure without a text, and none with a picture.
    if message.is_error is True and all(inner["type"] == "text" for inner in contents):
        block["is_error"] = True
        contents = contents or [parts.text(TOOL_FAILED)]
    if contents:
        block["content"] = contents
    if marks:
        block["cache_control"] = marks[-1]
    return parts.marked(block, message.cache_control)
