"""A caller's tools, and which of them the model is to use."""

from typing import Any

from inference.api import expecting
from inference.chat.invalid_request import unsupported
from inference.chat.request_body import Adopted

OWN = ("function", "custom", "namespace")
# Codex asks for it beside its own tools, and works without; alone, or any other, it is what was wanted.
OPTIONAL = "web_search"
NOT_OFFERED = (
    "{}: the hosted tool '{}' is not offered here. Send tools of type 'function' or 'custom', and run them yourself."
)
CHOICES = {"none": "none", "auto": "auto", "required": "required"}


def tools(value: Any, adopted: Adopted) -> None:
    items = [expecting.mapping(each, f"tools[{at}]") for at, each in enumerate(expecting.items(value, "tools"))]
    made = [made for at, each in enumerate(items) for made in tool(each, f"tools[{at}]", adopted)]
    hosted = [(at, each) for at, each in enumerate(items) if each.get("type") not in OWN]
    for at, each in hosted:
        if not made or each.get("type") != OPTIONAL:
            raise unsupported(NOT_OFFERED.format(f"tools[{at}]", str(each.get("type"))[:60]), param="tools", value=True)
        expecting.note(adopted.ignored, f"tools.{OPTIONAL}")
    adopted.fields["tools"] = made


def tool(fields: dict[str, Any], at: str, adopted: Adopted) -> list[dict[str, Any]]:
    match fields.get("type"):
        case "function":
            nested = fields.get("function")  # as Chat Completions has it, where clients mix the two
            definition = nested if isinstance(nested, dict) and "name" not in fields else fields
            function = {name: definition.get(name) for name in ("name", "description", "parameters", "strict")}
            return [{"type": "function", "function": function}]
        case "custom":
            return [
                {"type": "custom", "custom": {name: fields.get(name) for name in ("name", "description", "format")}}
            ]
        case "namespace":
            return namespace(fields, at, adopted)
    return []


def namespace(fields: dict[str, Any], at: str, adopted: Adopted) -> list[dict[str, Any]]:
    """Tools under a name of their own: other models know one list of tools only."""
    outer, made = expecting.text(fields.get("name"), f"{at}.name"), list[dict[str, Any]]()
    for number, value in enumerate(expecting.items(fields.get("tools"), f"{at}.tools")):
        inner = expecting.mapping(value, f"{at}.tools[{number}]")
        if inner.get("type") not in ("function", "custom"):
            raise expecting.wrong(f"{at}.tools[{number}].type", "this must be 'function' or 'custom'.")
        name = expecting.text(inner.get("name"), f"{at}.tools[{number}].name")
        adopted.names[within(outer, name)] = (outer, name)
        made += tool({**inner, "name": within(outer, name)}, at, adopted)
    return made


def within(namespace: Any, name: str) -> str:
    return f"{namespace}__{name}" if isinstance(namespace, str) and namespace else name


def tool_choice(value: Any, adopted: Adopted) -> None:
    if isinstance(value, str):
        adopted.fields["tool_choice"] = expecting.one_of(value, CHOICES, "tool_choice")
        return
    fields = expecting.mapping(value, "tool_choice")
    kind = fields.get("type")
    if kind in ("function", "custom"):
        name = expecting.text(fields.get("name"), "tool_choice.name")
        adopted.fields["tool_choice"] = {"type": kind, kind: {"name": within(fields.get("namespace"), name)}}
    elif kind == "allowed_tools":
        allowed = [
            chosen(each, at) for at, each in enumerate(expecting.items(fields.get("tools"), "tool_choice.tools"))
        ]
        narrowed = {"mode": fields.get("mode"), "tools": allowed}
        adopted.fields["tool_choice"] = {"type": kind, "allowed_tools": narrowed}
    else:
        sentence = f"tool_choice: the hosted tool '{str(kind)[:60]}' is not offered here."
        raise unsupported(sentence, param="tool_choice", value=True)


def chosen(value: Any, at: int) -> dict[str, Any]:
    fields = expecting.mapping(value, f"tool_choice.tools[{at}]")
    kind = "custom" if fields.get("type") == "custom" else "function"
    name = expecting.text(fields.get("name"), f"tool_choice.tools[{at}].name")
    return {"type": kind, kind: {"name": within(fields.get("namespace"), name)}}
