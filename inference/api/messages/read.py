"""The body of `POST /v1/messages` as a request in the neutral form. Only shapes are read here; what a model takes is
its dialect's business, and bounds are checked when the neutral form is.
"""

from collections.abc import Callable
from typing import Any

from inference.api import expecting
from inference.api.messages import content, tools
from inference.api.messages.turns import Turns
from inference.chat.budget import Budget
from inference.chat.invalid_request import unsupported
from inference.chat.request import ChatRequest
from inference.chat.request_body import Adopted

Fields = dict[str, Any]

SAME = ("model", "max_tokens", "temperature", "top_p", "top_k", "stream")
READ_APART = ("messages", "system", "cache_control")
TIERS = ("auto", "standard_only")
NO_LIST = "this must be an array of content blocks, or a string."


def read(body: bytes, *, on_loop: bool = False) -> ChatRequest:
    """Raises `InvalidRequest`, and, `on_loop`, `TooMuchHere`."""
    return ChatRequest.read(body, on_loop=on_loop, adopt=adopt)


def adopt(fields: Fields, budget: Budget) -> Adopted:
    expecting.settle_limits(fields, "max_tokens")
    adopted = Adopted({name: fields[name] for name in SAME if fields.get(name) is not None})
    for name, value in fields.items():
        if value is None or name in SAME or name in READ_APART:
            continue
        if name in FIELDS:
            FIELDS[name](value, adopted)
        else:
            adopted.ignored.append(name)
    if fields.get("messages"):
        turns = Turns(adopted, budget)
        messages = turns.system(fields.get("system")) + turns.spoken(fields["messages"])
        if (mark := fields.get("cache_control")) is not None:
            content.mark_last(messages, mark)
        adopted.fields["messages"] = messages
    return adopted


def stop_sequences(value: Any, adopted: Adopted) -> None:
    stops = expecting.items(value, "stop_sequences")
    adopted.fields["stop"] = [expecting.text(stop, f"stop_sequences.{at}") for at, stop in enumerate(stops)]


def thinking(value: Any, adopted: Adopted) -> None:
    fields = expecting.mapping(value, "thinking")
    budget = fields.get("budget_tokens")
    adopted.fields["thinking"] = {
        "type": fields.get("type"),
        "budget_tokens": None if budget is None else expecting.whole(budget, "thinking.budget_tokens"),
    }
    if fields.get("display") is not None:
        expecting.note(adopted.ignored, "thinking.display")


def output_config(value: Any, adopted: Adopted) -> None:
    fields = expecting.mapping(value, "output_config")
    if fields.get("effort"):
        adopted.fields["effort"] = fields["effort"]
    if fields.get("format") is not None:
        output_format(fields["format"], adopted, "output_config.format")
    expecting.note(adopted.ignored, *(f"output_config.{name}" for name in fields if name not in ("effort", "format")))


def output_format(value: Any, adopted: Adopted, at: str = "output_format") -> None:
    fields = expecting.mapping(value, at)
    if fields.get("type") != "json_schema":
        raise expecting.wrong(f"{at}.type", "this must be 'json_schema'.")
    schema = expecting.mapping(fields.get("schema"), f"{at}.schema")
    named = {"name": "output", "schema": schema, "strict": True}
    adopted.fields["response_format"] = {"type": "json_schema", "json_schema": named}


def metadata(value: Any, adopted: Adopted) -> None:
    fields = expecting.mapping(value, "metadata")
    if fields.get("user_id") is not None:
        adopted.fields["user"] = expecting.text(fields["user_id"], "metadata.user_id")
    expecting.note(adopted.ignored, *(f"metadata.{name}" for name in fields if name != "user_id"))


def service_tier(value: Any, adopted: Adopted) -> None:
    if value not in TIERS:
        adopted.fields["service_tier"] = value


def context_management(value: Any, adopted: Adopted) -> None:
    adopted.transforms.append("context_management_ignored")


def mcp_servers(value: Any, adopted: Adopted) -> None:
    if value != []:
        raise unsupported("mcp_servers: MCP servers are not asked from here; give their tools.", param="mcp_servers")


FIELDS: dict[str, Callable[[Any, Adopted], None]] = {
    "stop_sequences": stop_sequences,
    "tools": tools.tools,
    "tool_choice": tools.tool_choice,
    "thinking": thinking,
    "output_config": output_config,
    "output_format": output_format,
    "metadata": metadata,
    "service_tier": service_tier,
    "context_management": context_management,
    "mcp_servers": mcp_servers,
}
