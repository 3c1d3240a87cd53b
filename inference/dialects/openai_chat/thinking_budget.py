"""Qwen's thoughts, which `max_tokens` does not bound: what a reply may have is divided between them and the answer."""

from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.traits import Traits
from inference.dialects.thinking_room import room

OFF: dict[str, dict[str, Any]] = {
    "enable_thinking": {"enable_thinking": False},
    "reasoning_effort": {"reasoning_effort": "none"},
}


def write(rendered: ProviderRequest, traits: Traits, tokens: int) -> dict[str, Any]:
    """Together no more than `tokens`, which is what was held for."""
    request = rendered.request
    if request.thinking is not None and request.reasoning_effort is not None:
        rendered.ignore("reasoning_effort")  # `thinking` is the more exact word
    asked = asked_budget(rendered, traits)
    if not asked:
        return OFF[traits.thinking_off or "enable_thinking"]
    budget = min(asked, room(tokens))
    if not budget or (request.must_call and not traits.forced_tools_think):
        rendered.transform("thinking_disabled")
        return OFF[traits.thinking_off or "enable_thinking"]
    if budget < asked and (request.reasoning_effort or request.thinking):
        rendered.transform("thinking_lowered")
    return {"enable_thinking": True, "thinking_budget": budget, traits.length_field: tokens - budget}


def asked_budget(rendered: ProviderRequest, traits: Traits) -> int:
    """0: no thoughts. Without a word of the caller, as much as the model itself would take."""
    request, table = rendered.request, traits.thinking_budgets
    if request.thinking is not None and request.thinking.is_off:
        return 0
    if request.thinking is not None and request.thinking.budget_tokens is not None:
        return request.thinking.budget_tokens
    effort = None if request.thinking is not None else request.reasoning_effort
    return table.get(effort or traits.default_effort or "none", 0)
