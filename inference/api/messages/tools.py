"""A caller's tools, and which of them the model is to use."""

import re
from typing import Any

from inference.api import expecting
from inference.chat.invalid_request import unsupported
from inference.chat.request_body import Adopted

READ = ("type", "name", "description", "input_schema", "strict", "cache_control")
# Tools that Anthropic defines and the caller runs, without their dates: all they cost is tokens.
CLIENT_RUN = re.compile(r"(bash|text_editor|computer|memory)_[0-9]{8}")
OF_HOSTED_TOOLS = ("allowed_callers", "defer_loading")  # Anthropic's code execution, and its search for tools
CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def tools(value: Any, adopted: Adopted) -> None:
    items = expecting.items(value, "tools")
    adopted.fields["tools"] = [tool(each, f"tools.{at}", adopted) for at, each in enumerate(items)]


def tool(value: Any, at: str, adopted: Adopted) -> dict[str, Any]:
    """Tools that Anthropic runs itself cost what is not on a price list here."""
    fields = expecting.mapping(value, at)
    if (kind := fields.get("type")) not in (None, "custom"):
        if isinstance(kind, str) and CLIENT_RUN.fullmatch(kind):
            return makers_tool(fields, at, adopted)
        sentence = f"{at}: the tool '{str(kind)[:60]}' is Anthropic's own and not offered here. Give your tool a "
        raise unsupported(sentence + "name and an input_schema, and run it yourself.", param="tools", value=True)
    name = expecting.text(fields.get("name"), f"{at}.name")
    schema = expecting.mapping(fields.get("input_schema"), f"{at}.input_schema")
    expecting.note(adopted.ignored, *(f"tools.{name}" for name in fields if name not in READ))
    function = {"name": name, "parameters": schema, "description": fields.get("description")}
    function["strict"] = fields.get("strict")
    return {"type": "function", "function": function, "cache_control": fields.get("cache_control")}


def makers_tool(fields: dict[str, Any], at: str, adopted: Adopted) -> dict[str, Any]:
    name = expecting.text(fields.get("name"), f"{at}.name")
    expecting.note(adopted.ignored, *(f"tools.{name}" for name in OF_HOSTED_TOOLS if fields.get(name) is not None))
    apart = ("cache_control", *OF_HOSTED_TOOLS)
    raw = {name: inner for name, inner in fields.items() if name not in apart and inner is not None}
    adopted.fields.setdefault("makers_tools", {})[name] = {"maker": "anthropic", "raw": raw}
    return {"type": "function", "function": {"name": name}, "cache_control": fields.get("cache_control")}


def tool_choice(value: Any, adopted: Adopted) -> None:
    fields = expecting.mapping(value, "tool_choice")
    kind = fields.get("type")
    if kind == "tool":
        name = expecting.text(fields.get("name"), "tool_choice.name")
        adopted.fields["tool_choice"] = {"type": "function", "function": {"name": name}}
    else:
        adopted.fields["tool_choice"] = expecting.one_of(kind, CHOICES | {"tool": "tool"}, "tool_choice.type")
    if fields.get("disable_parallel_tool_use"):
        adopted.fields["parallel_tool_calls"] = False
