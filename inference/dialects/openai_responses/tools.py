"""Tool definitions, flat, and the choice among them."""

from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest, Tool

NO_PARAMETERS = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def write(rendered: ProviderRequest) -> dict[str, Any]:
    request = rendered.request
    if not request.tools:
        return {}
    body: dict[str, Any] = {"tools": [definition(given) for given in request.tools]}
    if request.tool_choice is not None:
        body["tool_choice"] = choice(request)
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls
    return body


def definition(given: Tool) -> dict[str, Any]:
    function = given.function
    described = {"description": function.description} if function.description is not None else {}
    return {
        "type": "function",
        "name": function.name,
        **described,
        "parameters": function.parameters or NO_PARAMETERS,
        "strict": bool(function.strict),  # absent would mean true here, and most schemas do not fit that
    }


def choice(request: ChatRequest) -> Any:
    if request.forced_tool:
        return {"type": "function", "name": request.forced_tool}
    if allowed := request.allowed_tools:
        names = [{"type": "function", "name": given["function"]["name"]} for given in allowed.tools]
        return {"type": "allowed_tools", "mode": allowed.mode, "tools": names}
    return request.tool_choice
