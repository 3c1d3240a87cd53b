"""Tool definitions, the names they go by, and who may choose among them (docs/providers/)."""

from collections.abc import Callable
from typing import Any

from inference.chat.invalid_request import unsupported
from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.chat.tools import Tool, allowed_name
from inference.chat.traits import Traits
from inference.dialects import schemas, tool_names

Body = dict[str, Any]

LONGEST_NAME = 64
# What becomes of a definition's `strict`: Moonshot holds calls to a schema dialect of its own unless told not to.
STRICT: dict[str, Callable[[bool | None], bool | None]] = {
    "pass": lambda strict: strict,
    "false_unless_asked": bool,
    "remove": lambda strict: None,
}


def write(rendered: ProviderRequest, traits: Traits, sent_names: dict[str, str]) -> Body:
    request = rendered.request
    tools = narrowed(request, traits)
    check(request, tools, traits)
    if not tools:
        return {}
    if any(tool.cache_control for tool in tools):
        rendered.ignore("cache_control")  # Qwen takes marks on content only
    return {
        "tools": [definition(number, tool, rendered, traits, sent_names) for number, tool in enumerate(tools)],
        **choice(request, traits, sent_names),
        **parallel(request, traits, rendered),
    }


def narrowed(request: ChatRequest, traits: Traits) -> list[Tool]:
    """Where the model knows no allowed_tools, it sees the allowed ones alone."""
    tools = request.tools or []
    if request.allowed_tools is None or traits.narrowed_tools:
        return tools
    allowed = set(allowed_names(request))
    return [tool for tool in tools if tool.function.name in allowed]


def check(request: ChatRequest, tools: list[Tool], traits: Traits) -> None:
    if tools and not traits.tools:
        raise unsupported("This model calls no tools.", param="tools")
    if traits.max_tools is not None and len(tools) > traits.max_tools:
        raise unsupported(f"This model takes at most {traits.max_tools} tools.", param="tools", value=True)


def definition(number: int, tool: Tool, rendered: ProviderRequest, traits: Traits, sent_names: dict[str, str]) -> Body:
    if tool.custom is not None:
        told = tool.custom.model_dump(exclude_none=True)
        return {"type": "custom", "custom": {**told, "name": sent_names.get(tool.custom.name, tool.custom.name)}}
    given = tool.function
    if given.strict and traits.strict_tools == "remove":
        rendered.ignore("strict")
    param = f"tools[{number}].function.parameters"
    function = {
        "name": sent_names.get(given.name, given.name),
        "description": given.description,
        "parameters": schemas.of_tool(given.parameters, traits.schema_rules, param, rendered.budget),
        "strict": STRICT[traits.strict_tools](given.strict),
    }
    return {"type": "function", "function": {name: value for name, value in function.items() if value is not None}}


def choice(request: ChatRequest, traits: Traits, sent_names: dict[str, str]) -> Body:
    if request.tool_choice is None or isinstance(request.tool_choice, str):
        return {} if request.tool_choice is None else {"tool_choice": request.tool_choice}
    if request.forced_tool is not None:
        return {"tool_choice": named(request.forced_tool, request.tool_choice.type, sent_names)}
    if request.allowed_tools is None:
        return {"tool_choice": "auto"}
    if not traits.narrowed_tools:
        return {"tool_choice": request.allowed_tools.mode}
    allowed = [named(allowed_name(tool), tool.get("type"), sent_names) for tool in request.allowed_tools.tools]
    return {
        "tool_choice": {
            "type": "allowed_tools",
            "allowed_tools": {"mode": request.allowed_tools.mode, "tools": allowed},
        }
    }


def named(name: str, kind: Any, sent_names: dict[str, str]) -> Body:
    kind = "custom" if kind == "custom" else "function"
    return {"type": kind, kind: {"name": sent_names.get(name, name)}}


def allowed_names(request: ChatRequest) -> list[str]:
    """`ChatRequest` has checked that each names a tool."""
    return [allowed_name(tool) for tool in request.allowed_tools.tools] if request.allowed_tools else []


def parallel(request: ChatRequest, traits: Traits, rendered: ProviderRequest) -> Body:
    if request.parallel_tool_calls is None:
        return {}
    if traits.parallel_switch == "pass":
        return {"parallel_tool_calls": request.parallel_tool_calls}
    if not request.parallel_tool_calls:
        rendered.ignore("parallel_tool_calls")
    return {}


# Names ------------------------------------------------------------------------------------------


def sent_names(request: ChatRequest, traits: Traits) -> dict[str, str]:
    return tool_names.sent(request, lambda name: fitting(name, traits), LONGEST_NAME)


def fitting(name: str, traits: Traits) -> str:
    if traits.letter_first and (name[:1].isdigit() or name[:1] == "-"):
        name = f"_{name}"
    return tool_names.fitted(name, LONGEST_NAME).ljust(traits.shortest_tool_name, "_")
