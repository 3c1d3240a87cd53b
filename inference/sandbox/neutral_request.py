"""A request in plain words, whatever the wire it came by."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

AUTO, NONE, REQUIRED = "auto", "none", "required"


@dataclass(frozen=True)
class Tool:
    name: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class Usage:
    """Disjoint buckets, as they are billed. `output` includes `thinking`."""

    input: int = 0
    cached: int = 0
    write_5m: int = 0
    write_1h: int = 0
    output: int = 0
    thinking: int = 0

    @property
    def prompt(self) -> int:
        return self.input + self.cached + self.write_5m + self.write_1h


@dataclass(frozen=True)
class Ask:
    model: str  # the name the reply reports
    prompt: str  # the last user message
    input: Usage
    results: tuple[str, ...] = ()  # tool results the conversation ends with
    tools: tuple[Tool, ...] = ()
    choice: str = AUTO  # auto, none, required, or a tool's name
    allowed: tuple[str, ...] = ()  # names a required choice is limited to; empty for all
    parallel: bool = True
    thinks: bool = False
    limit: int | None = None
    thinking_limit: int | None = None  # where thoughts are bounded apart from the answer
    stops: tuple[str, ...] = ()
    json: bool = False
    schema: dict[str, Any] | None = None
    choices: int = 1
    stream: bool = False
    user: str | None = None
    body: dict[str, Any] = field(default_factory=dict, repr=False)
    once_served: Callable[[], None] = lambda: None

    def then(self, once_served: Callable[[], None]) -> "Ask":
        return replace(self, once_served=once_served)
