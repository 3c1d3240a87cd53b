"""Tool definitions, flat, and the choice among them."""

from collections.abc import Mapping
from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.chat.tools import CustomTool, Tool, allowed_name
from inference.dialects import schemas, tool_names

Names = Mapping[str, str]  # the caller's → the one sent, where it has to change

LONGEST_NAME = 64
NO_PARAMETERS = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def write(rendered: ProviderRequest, sent_names: Names) -> dict[str, Any]:
    request = rendered.request
    if not request.tools:
        return {}
    body: dict[str, Any] = {
        "tools": [definition(number, given, rendered, sent_names) for number, given in enumerate(request.tools)]
    }
    if request.tool_choice is not None:
        body["tool_choice"] = choice(request, sent_names)
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls
    return body


def definition(number: int, given: Tool, rendered: ProviderRequest, sent_names: Names) -> dict[str, Any]:
    if given.custom is not None:
        return {**custom(given.custom), "name": sent_names.get(given.custom.name, given.custom.name)}
    function = given.function
    parameters = schemas.of_tool(function.parameters, "openai", f"tools[{number}].function.parameters", rendered.budget)
    described = {"description": function.description} if function.description is not None else {}
    return {
        "type": "function",
        "name": sent_names.get(function.name, function.name),
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


def choice(request: ChatRequest, sent_names: Names) -> Any:
    if (forced := request.forced_tool) is not None:
        is_custom = any(tool.custom and tool.custom.name == forced for tool in request.tools or ())
        return {"type": "custom" if is_custom else "function", "name": sent_names.get(forced, forced)}
    if allowed := request.allowed_tools:
        chosen = [(given.get("type", "function"), allowed_name(given)) for given in allowed.tools]
        names = [{"type": kind, "name": sent_names.get(name, name)} for kind, name in chosen]
        return {"type": "allowed_tools", "mode": allowed.mode, "tools": names}
    return request.tool_choice


def fitting(name: str) -> str:
    return tool_names.fitted(name, LONGEST_NAME)
