"""How hard to think: an effort, or a switch."""

from typing import Any

from inference.chat.request import ChatRequest
from inference.chat.traits import Traits

Body = dict[str, Any]


def effort(request: ChatRequest, traits: Traits) -> str | None:
    return request.reasoning_effort or traits.default_effort


def write(request: ChatRequest, traits: Traits) -> Body:
    match traits.thinking, request.reasoning_effort:
        case "effort", str(given):
            return {"reasoning_effort": traits.efforts.get(given, given)}
        case "switch", str(given) if given in traits.thinking_levels:
            return {"thinking": {"type": traits.thinking_levels[given]}}
    return {}


def is_on(request: ChatRequest, traits: Traits) -> bool:
    return traits.thinking != "switch" or traits.thinking_levels.get(request.reasoning_effort or "") != "disabled"
