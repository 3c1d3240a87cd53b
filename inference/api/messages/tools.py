"""A caller's tools, and which of them the model is to use."""

from typing import Any

from inference.api import expecting
from inference.chat.invalid_request import unsupported
from inference.chat.request import Adopted

READ = ("type", "name", "description", "input_schema", "strict", "cache_control")
CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def tools(value: Any, adopted: Adopted) -> None:
    given = expecting.items(value, "tools")
    adopted.given["tools"] = [tool(each, f"tools.{at}", adopted) for at, each in enumerate(given)]


def tool(value: Any, at: str, adopted: Adopted) -> dict[str, Any]:
    """Tools that Anthropic runs itself, or has taught its models without a schema, are none that others could be
    asked for.
    """
    given = expecting.mapping(value, at)
    if (kind := given.get("type")) not in (None, "custom"):
        sentence = f"{at}: the tool '{str(kind)[:60]}' is Anthropic's own and not offered here. Give your tool a "
        raise unsupported(sentence + "name and an input_schema, and run it yourself.", param="tools", value=True)
    name = expecting.text(given.get("name"), f"{at}.name")
    schema = expecting.mapping(given.get("input_schema"), f"{at}.input_schema")
    expecting.note(adopted.ignored, *(f"tools.{name}" for name in given if name not in READ))
    function = {"name": name, "parameters": schema, "description": given.get("description")}
    function["strict"] = given.get("strict")
    return {"type": "function", "function": function, "cache_control": given.get("cache_control")}


def tool_choice(value: Any, adopted: Adopted) -> None:
    given = expecting.mapping(value, "tool_choice")
    kind = given.get("type")
    if kind == "tool":
        name = expecting.text(given.get("name"), "tool_choice.name")
        adopted.given["tool_choice"] = {"type": "function", "function": {"name": name}}
    else:
        adopted.given["tool_choice"] = expecting.one_of(kind, CHOICES | {"tool": "tool"}, "tool_choice.type")
    if given.get("disable_parallel_tool_use"):
        adopted.given["parallel_tool_calls"] = False
