"""OpenRouter's one word for all providers' thinking: `reasoning: {effort, max_tokens, enabled, exclude}`."""

from typing import Any

from inference.api import expecting

Fields = dict[str, Any]

UNSTATED = "medium"


def settle(reasoning: Fields, fields: Fields) -> None:
    """Into the fields of the neutral form; what these say already stays."""
    expecting.settle_limits(reasoning, "max_tokens")
    effort, budget = reasoning.get("effort"), reasoning.get("max_tokens")
    if reasoning.get("enabled") is False:
        effort, budget = "none", None
    if budget is not None and fields.get("thinking") is None:
        fields["thinking"] = {"type": "enabled", "budget_tokens": budget}
    elif effort is None and reasoning.get("enabled") is True:
        effort = UNSTATED
    if effort and fields.get("reasoning_effort") is None:
        fields["reasoning_effort"] = effort
    if reasoning.get("exclude") is not True:
        fields["reasoning_summary"] = "auto"
