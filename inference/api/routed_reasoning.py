"""OpenRouter's one word for all providers' thinking: `reasoning: {effort, max_tokens, enabled, exclude}`."""

from typing import Any

from inference.api import expecting

Fields = dict[str, Any]

UNSTATED = "medium"


def settle(asked: Fields, given: Fields) -> None:
    """Into the fields of the neutral form; what these say already stays."""
    expecting.settle_limits(asked, "max_tokens")
    effort, budget = asked.get("effort"), asked.get("max_tokens")
    if asked.get("enabled") is False:
        effort, budget = "none", None
    if budget is not None and given.get("thinking") is None:
        given["thinking"] = {"type": "enabled", "budget_tokens": budget}
    elif effort is None and asked.get("enabled") is True:
        effort = UNSTATED
    if effort and given.get("reasoning_effort") is None:
        given["reasoning_effort"] = effort
    if asked.get("exclude") is not True:
        given["reasoning_summary"] = "auto"
