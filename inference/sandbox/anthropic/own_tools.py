"""Tools that Anthropic defines: no request has their schemas, but their models know them, and are shown them."""

import re
from collections.abc import Mapping
from typing import Any

from .models import bad

Body = dict[str, Any]
DATED = re.compile(r"(?P<family>[a-z_]+)_(?P<date>[0-9]{8})")
TEXT = {"type": "string"}


def taking(*required: str, **properties: Body) -> Body:
    return {"type": "object", "properties": properties, "required": list(required)}


FILES = taking("command", "path", command={"enum": ["view", "create", "str_replace", "insert"]}, path=TEXT)
SCHEMAS: Mapping[str, Body] = {
    "bash": taking("command", command=TEXT),
    "computer": taking("action", action={"enum": ["screenshot", "mouse_move", "left_click", "type", "key"]}),
    "memory": FILES,
    "text_editor": FILES,
}
HIDDEN_TOKENS = {"bash": 245, "text_editor": 700, "computer": 1_000, "memory": 900}  # as bills show, about
BETAS = {"20250124": "computer-use-2025-01-24", "20251124": "computer-use-2025-11-24"}  # of the computer, by its date


def family(tool: Body) -> tuple[str, str]:
    """And its date; empty for a tool with a schema."""
    found = DATED.fullmatch(str(tool.get("type")))
    return (found["family"], found["date"]) if found else ("", "")


def schema(tool: Body) -> Body:
    own: Body = tool.get("input_schema") or SCHEMAS[family(tool)[0]]
    return own


def hidden_tokens(block: Body) -> int:
    return HIDDEN_TOKENS.get(family(block)[0], 0)


def check_betas(body: Body, headers: Mapping[str, str]) -> None:
    sent = [name.strip() for name in headers.get("anthropic-beta", "").split(",")]
    for index, tool in enumerate(body.get("tools", ())):
        name, date = family(tool)
        if name == "computer" and BETAS[date] not in sent:
            raise bad(f"tools.{index}: '{tool['type']}' needs the beta header {BETAS[date]}")
