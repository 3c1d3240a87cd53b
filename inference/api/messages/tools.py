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
    given = expecting.items(value, "tools")
    adopted.fields["tools"] = [tool(each, f"tools.{at}", adopted) for at, each in enumerate(given)]


def tool(value: Any, at: str, adopted: Adopted) -> dict[str, Any]:
    """Tools that Anthropic runs itself cost what is not on a price list here."""
    given = expecting.mapping(value, at)
    if (kind := given.get("type")) not in (None, "custom"):
        if isinstance(kind, str) and CLIENT_RUN.fullmatch(kind):
            return makers_tool(given, at, adopted)
        sentence = f"{at}: the tool '{str(kind)[:60]}' is Anthropic's own and not offered here. Give your tool a "
        raise unsupported(sentence + "name and an input_schema, and run it yourself.", param="tools", value=True)
    name = expecting.text(given.get("name"), f"{at}.name")
    schema = expecting.mapping(given.get("input_schema"), f"{at}.input_schema")
    expecting.note(adopted.ignored, *(f"tools.{name}" for name in given if name not in READ))
    function = {"name": name, "parameters": schema, "description": given.get("description")}
    function["strict"] = given.get("strict")
    return {"type": "function", "function": function, "cache_control": given.get("cache_control")}


def makers_tool(given: dict[str, Any], at: str, adopted: Adopted) -> dict[str, Any]:
    name = expecting.text(given.get("name"), f"{at}.name")
    expecting.note(adopted.ignored, *(f"tools.{name}" for name in OF_HOSTED_TOOLS if given.get(name) is not None))
    apart = ("cache_control", *OF_HOSTED_TOOLS)
    raw = {name: inner for name, inner in given.items() if name not in apart and inner is not None}
    adopted.fields.setdefault("makers_tools", {})[name] = {"maker": "anthropic", "raw": raw}
    return {"type": "function", "function": {"name": name}, "cache_control": given.get("cache_control")}


def tool_choice(value: Any, adopted: Adopted) -> None:
    given = expecting.mapping(value, "tool_choice")
    kind = given.get("type")
    if kind == "tool":
        name = expecting.text(given.get("name"), "tool_choice.name")
        adopted.fields["tool_choice"] = {"type": "function", "function": {"name": name}}
    else:
        adopted.fields["tool_choice"] = expecting.one_of(kind, CHOICES | {"tool": "tool"}, "tool_choice.type")
    if given.get("disable_parallel_tool_use"):
        adopted.fields["parallel_tool_calls"] = False
