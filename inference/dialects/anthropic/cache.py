"""`cache_control` marks: at most four, the long-lived before the short-lived (docs/providers/anthropic.md)."""

from collections.abc import Iterator
from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.traits import Traits

MAX_MARKS = 4
NAME = "cache_marks_set"
# Blocks that Claude takes a mark on; thoughts it does not.
MARKABLE = ("text", "image", "document", "tool_use", "tool_result")


def mark(rendered: ProviderRequest) -> None:
    """Where the caller marked nothing: what stays the same from request to request (the tools, and the system prompt
    behind them), and all that was said, which the next request begins with.
    """
    body = rendered.body
    if any(marked(body)):
        return
    same = [*body.get("tools", ()), *body.get("system", ())]
    blocks = [block for turn in body["messages"][-1:] for block in turn["content"] if block["type"] in MARKABLE]
    for block in (*same[-1:], *blocks[-1:]):
        block["cache_control"] = {"type": "ephemeral"}
        rendered.is_marked = True
    if rendered.is_marked:
        rendered.transform(NAME)


def fit(rendered: ProviderRequest, traits: Traits) -> None:
    """The last four reach furthest. A one-hour mark after a five-minute one is refused, so it is shortened."""
    marks = list(marked(rendered.body))
    for block in marks[: -MAX_MARKS if traits.cache_marks else None]:
        del block["cache_control"]
        rendered.transform("cache_marks_dropped")
    short = False
    for block in marks[-MAX_MARKS:] if traits.cache_marks else ():
        if short and block["cache_control"].get("ttl") == "1h":
            block["cache_control"]["ttl"] = "5m"
            rendered.transform("cache_ttl_shortened")
        short = short or block["cache_control"].get("ttl") != "1h"


def marked(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """In the order in which Claude reads the prompt."""
    turns = [block for turn in body["messages"] for block in turn["content"]]
    blocks = [*body.get("tools", ()), *body.get("system", ()), *turns]
    yield from (block for block in blocks if "cache_control" in block)
