"""The tools of a request, and which of them its caller wants called."""

from typing import Annotated, Any, Literal

from pydantic import Field

from inference.chat.messages import CacheMark, Wire

# MCP's names and a little more; each provider is sent what it takes (dialects/tool_names.py).
Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_.:/-]{1,128}$")]


class ToolFunction(Wire):
    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class CustomTool(Wire):
    """A tool that takes text, held to a grammar where `format` has one."""

    name: Name
    description: str | None = None
    format: dict[str, Any] | None = None


class Tool(Wire):
    """`function` also tells of a custom tool: its name, and one text as its parameters (client_shapes.py)."""

    type: Literal["function", "custom"]
    function: ToolFunction
    custom: CustomTool | None = None
    cache_control: CacheMark | None = None


class MakersTool(Wire):
    """A tool that a model's maker taught it: it has no schema, its caller runs it, and only that maker's models know
    it. `raw`: all that is sent of it, but its cache mark.
    """

    maker: Literal["anthropic"]
    raw: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.raw.get("type"))


class LegacyFunction(Wire):
    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None


class NamedFunction(Wire):
    name: str


class AllowedTools(Wire):
    mode: Literal["auto", "required"]
    tools: list[dict[str, Any]] = Field(min_length=1, fail_fast=True)


class NamedChoice(Wire):
    """`{"type": "function", …}` and `{"type": "custom", …}` force one tool, `{"type": "allowed_tools", …}` narrows
    them.
    """

    type: Literal["function", "custom", "allowed_tools"]
    function: NamedFunction | None = None
    custom: NamedFunction | None = None
    allowed_tools: AllowedTools | None = None


def allowed_name(tool: dict[str, Any]) -> str:
    named = tool.get("custom" if tool.get("type") == "custom" else "function")
    name = named.get("name") if isinstance(named, dict) else None
    return name if isinstance(name, str) else "?"  # which no tool is called
