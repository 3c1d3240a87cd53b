"""A caller's tools, and which of them the model is to use."""

from collections.abc import Iterator
from typing import Any

from inference.api import expecting
from inference.chat.invalid_request import unsupported
from inference.chat.request_body import Adopted

OWN = ("function", "custom", "namespace")
# Codex asks for them beside its own tools, and works without; alone, or any other, it is what was wanted.
OPTIONAL = ("web_search", "image_generation", "tool_search")
# Items of the input in which Codex declares tools: all of them, for newer models; those that a search of its own found.
DECLARING = ("additional_tools", "tool_search_output")
NOT_OFFERED = (
    "{}: the hosted tool '{}' is not offered here. Send tools of type 'function' or 'custom', and run them yourself."
)
CHOICES = {"none": "none", "auto": "auto", "required": "required"}


def tools(body: dict[str, Any], adopted: Adopted) -> None:
    """Those of the request, and those of its input's items, which come again with every turn."""
    entries = [(at, expecting.mapping(entry, at)) for at, entry in declared(body)]
    made = [made for at, entry in entries for made in tool(entry, at, adopted)]
    for at, entry in entries:
        kind = entry.get("type")
        if kind not in OWN and (not made or kind not in OPTIONAL):
            raise unsupported(NOT_OFFERED.format(at, str(kind)[:60]), param="tools", value=True)
        if kind not in OWN:
            expecting.note(adopted.ignored, f"tools.{kind}")
    if entries or body.get("tools") is not None:
        of_request = len(expecting.items(body.get("tools") or [], "tools"))
        adopted.fields["tools"] = made if of_request == len(entries) else once(made)


def declared(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every definition, and where it stands."""
    lists = [("tools", body.get("tools"))]
    items = body.get("input")
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict) and item.get("type") in DECLARING:
            lists.append((f"input[{number}].tools", item.get("tools")))
    for place, definitions in lists:
        yield from ((f"{place}[{at}]", each) for at, each in enumerate(expecting.items(definitions or [], place)))


def once(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each name, as it was declared last."""
    return list({str(each[each["type"]].get("name")): each for each in made}.values())


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
