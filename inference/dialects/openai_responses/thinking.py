"""How hard to think."""

from typing import Any

from inference.chat.request import ChatRequest
from inference.chat.traits import Traits


def write(request: ChatRequest, traits: Traits) -> dict[str, Any]:
    effort = request.reasoning_effort
    if effort is None or "reasoning_effort" in traits.ignores:
        return {}
    return {"reasoning": {"effort": traits.efforts.get(effort, effort)}}
