"""Tool definitions, flat, and the choice among them."""

from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.chat.tools import CustomTool, Tool, allowed_name
from inference.dialects import schemas

NO_PARAMETERS = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def write(rendered: ProviderRequest) -> dict[str, Any]:
    request = rendered.request
    if not request.tools:
        return {}
    body: dict[str, Any] = {
        "tools": [definition(number, given, rendered) for number, given in enumerate(request.tools)]
    }
    if request.tool_choice is not None:
        body["tool_choice"] = choice(request)
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls
    return body


def definition(number: int, given: Tool, rendered: ProviderRequest) -> dict[str, Any]:
    if given.custom is not None:
        return custom(given.custom)
    function = given.function
    parameters = schemas.of_tool(function.parameters, "openai", f"tools[{number}].function.parameters", rendered.budget)
    described = {"description": function.description} if function.description is not None else {}
    return {
        "type": "function",
        "name": function.name,
        **described,
        "parameters": parameters or NO_PARAMETERS,
        "strict": bool(function.strict),  # absent would mean true here, and most schemas do not fit that
    }


def custom(given: CustomTool) -> dict[str, Any]:
    """Flat here, its grammar too."""
    told = given.model_dump(exclude_none=True)
    form = told.get("format")
    if form is not None and isinstance(form.get("grammar"), dict):
        told["format"] = {"type": "grammar", **form["grammar"]}
    return {"type": "custom", **told}


def choice(request: ChatRequest) -> Any:
    if request.forced_tool:
        is_custom = any(tool.custom and tool.custom.name == request.forced_tool for tool in request.tools or ())
        return {"type": "custom" if is_custom else "function", "name": request.forced_tool}
    if allowed := request.allowed_tools:
        names = [{"type": given.get("type", "function"), "name": allowed_name(given)} for given in allowed.tools]
        return {"type": "allowed_tools", "mode": allowed.mode, "tools": names}
    return request.tool_choice
