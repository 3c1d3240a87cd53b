"""Function declarations and the choice among them (docs/providers/gemini.md)."""

from collections.abc import Mapping
from typing import Any

from inference.chat.budget import Budget
from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.chat.tools import AllowedTools, Tool, allowed_name
from inference.dialects import schemas

MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def write(rendered: ProviderRequest, names: Mapping[str, str]) -> dict[str, Any]:
    """A choice without declarations would be a 400."""
    request = rendered.request
    if not request.tools:
        return {}
    declarations = [declaration(number, tool, names, rendered.budget) for number, tool in enumerate(request.tools)]
    calling = choice(request, names)
    config = {"toolConfig": {"functionCallingConfig": calling}} if calling else {}
    return {"tools": [{"functionDeclarations": declarations}], **config}


def declaration(number: int, tool: Tool, names: Mapping[str, str], budget: Budget) -> dict[str, Any]:
    function = tool.function
    parameters = schemas.of_tool(function.parameters, "gemini", f"tools[{number}].function.parameters", budget)
    return {
        "name": names[function.name],
        **({"description": function.description} if function.description else {}),
        **({"parametersJsonSchema": parameters} if parameters and not takes_nothing(parameters) else {}),
    }


def takes_nothing(parameters: dict[str, Any]) -> bool:
    """Gemini wants no schema at all for an object without properties."""
    is_closed = not parameters.get("additionalProperties")
    return is_closed and parameters.keys() <= {"type", "title", "description", "additionalProperties"}


def choice(request: ChatRequest, names: Mapping[str, str]) -> dict[str, Any] | None:
    """VALIDATED is AUTO that keeps to the schemas: Gemini's word for `strict`, and for a narrowed choice."""
    if request.forced_tool:
        return {"mode": "ANY", "allowedFunctionNames": [names[request.forced_tool]]}
    if request.allowed_tools:
        return narrowed(request.allowed_tools, names)
    mode = MODES.get(str(request.tool_choice)) if request.tool_choice else None
    is_strict = any(tool.function.strict for tool in request.tools or ())
    if is_strict and mode in (None, "AUTO"):
        return {"mode": "VALIDATED"}
    return {"mode": mode} if mode else None


def narrowed(allowed: AllowedTools, names: Mapping[str, str]) -> dict[str, Any]:
    chosen = list(dict.fromkeys(names[name] for tool in allowed.tools if (name := allowed_name(tool))))
    return {"mode": "ANY" if allowed.mode == "required" else "VALIDATED", "allowedFunctionNames": chosen}
