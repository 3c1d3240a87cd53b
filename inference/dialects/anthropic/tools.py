"""Tool definitions and the choice among them (docs/providers/anthropic.md)."""

from collections.abc import Mapping
from typing import Any

from inference.chat.budget import Budget
from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.chat.tools import Tool, allowed_name
from inference.dialects import schemas
from inference.dialects.anthropic.conversation import Turn
from inference.dialects.anthropic.parts import Block, marked
from inference.dialects.schemas import compiled

NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}
MAX_STRICT = 20
# Families of Anthropic's own tools → the beta, without its date, that they need or needed.
BETAS = {"computer": "computer-use", "memory": "context-management"}


def write(
    rendered: ProviderRequest, turns: list[Turn], sent_names: Mapping[str, str], *, held_to: list[dict[str, Any]]
) -> dict[str, Any]:
    """`held_to`: schemas of the reply itself, which share the limits of strict tools."""
    request = rendered.request
    if not request.tools:
        return remembered(turns)
    allowed = allowed_names(request)
    rendered.betas = betas(request)
    tools = [
        own(tool, request) or definition(number, tool, sent_names, rendered.budget)
        for number, tool in enumerate(request.tools)
        if allowed is None or tool.function.name in allowed
    ]
    relax(tools, rendered, held_to)
    return {"tools": tools, "tool_choice": choice(request, sent_names)}


def remembered(turns: list[Turn]) -> dict[str, Any]:
    """Claude answers 400 to a history of calls without any tool declared: those it names are declared, and barred."""
    names = dict.fromkeys(block["name"] for turn in turns for block in turn.blocks if block["type"] == "tool_use")
    tools = [{"name": name, "input_schema": dict(NO_PARAMETERS)} for name in names]
    return {"tools": tools, "tool_choice": {"type": "none"}} if tools else {}


def allowed_names(request: ChatRequest) -> set[str] | None:
    """None: all."""
    allowed = request.allowed_tools
    return None if allowed is None else {allowed_name(entry) for entry in allowed.tools}


def own(tool: Tool, request: ChatRequest) -> Block | None:
    """One that Claude knows: as its caller wrote it."""
    makers = request.makers_tools.get(tool.function.name)
    return marked(dict(makers.raw), tool.cache_control) if makers is not None else None


def betas(request: ChatRequest) -> tuple[str, ...]:
    families = {makers.kind.rpartition("_")[0] for makers in request.makers_tools.values()}
    return tuple(BETAS[family] for family in sorted(families & BETAS.keys()))


def definition(number: int, tool: Tool, sent_names: Mapping[str, str], budget: Budget) -> Block:
    function = tool.function
    param = f"tools[{number}].function.parameters"
    given = schemas.of_tool(function.parameters, "claude", param, budget)
    block: Block = {"name": sent_names.get(function.name, function.name), "input_schema": given}
    if function.description:
        block["description"] = function.description
    if function.strict:
        held = schemas.of_tool(function.parameters, "claude_strict", param, budget)
        block |= {"strict": True, "input_schema": held, "loose": given}
    return marked(block, tool.cache_control)


def relax(tools: list[Block], rendered: ProviderRequest, held_to: list[dict[str, Any]]) -> None:
    """More strictness than Claude compiles is given up: the schemas still guide it."""
    makers = rendered.request.makers_tools
    strict = [tool for tool in tools if tool.get("strict") and tool["name"] not in makers]
    loose = [tool.pop("loose") for tool in strict]
    if len(strict) > MAX_STRICT or compiled.excess([*held_to, *(tool["input_schema"] for tool in strict)]):
        rendered.ignore("strict")
        for tool, given in zip(strict, loose, strict=True):
            del tool["strict"]
            tool["input_schema"] = given


def choice(request: ChatRequest, sent_names: Mapping[str, str]) -> dict[str, Any] | None:
    chosen = named(request, sent_names)
    if request.parallel_tool_calls is False and chosen != {"type": "none"}:
        chosen = {**(chosen or {"type": "auto"}), "disable_parallel_tool_use": True}
    return chosen


def named(request: ChatRequest, sent_names: Mapping[str, str]) -> dict[str, Any] | None:
    if request.forced_tool:
        return {"type": "tool", "name": sent_names.get(request.forced_tool, request.forced_tool)}
    if request.must_call:
        return {"type": "any"}
    if request.tool_choice is None:
        return None
    return {"type": "none" if request.tool_choice == "none" else "auto"}
