"""How hard to think: an effort (OpenAI, Kimi K3), a switch (Kimi K2), or a budget (Qwen)."""

from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.dialects.openai_chat import thinking_budget

Body = dict[str, Any]

OFF = "disabled"


def write(rendered: ProviderRequest, traits: Traits, tokens: int | None) -> Body:
    """Where a forced tool and thinking exclude each other, thinking gives way, and the caller is told. `tokens`: how
    long the reply may be.
    """
    request = rendered.request
    if traits.thinking == "budget":
        return thinking_budget.write(rendered, traits, tokens or traits.max_output_tokens)
    if traits.thinking == "effort" and request.reasoning_effort is not None:
        fitted = fitted_effort(request, traits)
        if fitted != request.reasoning_effort:
            rendered.transform("reasoning_effort_fitted")
        return {"reasoning_effort": fitted}
    if traits.thinking != "switch":
        return {}
    state = switch(request, traits)
    if request.thinking is not None:
        name_what_is_lost(rendered)
    if gives_way(request, traits) and state != OFF:
        rendered.transform("thinking_disabled")
        return {"thinking": {"type": OFF}}
    return {"thinking": {"type": state}} if state else {}


def name_what_is_lost(rendered: ProviderRequest) -> None:
    """Kimi's switch has two positions, and is the more exact word."""
    request = rendered.request
    if request.reasoning_effort is not None:
        rendered.ignore("reasoning_effort")
    if request.thinking is not None and request.thinking.budget_tokens is not None:
        rendered.ignore("thinking.budget_tokens")


def switch(request: ChatRequest, traits: Traits) -> str | None:
    if request.thinking is not None:
        return OFF if request.thinking.is_off else "enabled"
    return traits.thinking_levels.get(request.reasoning_effort or "")


def gives_way(request: ChatRequest, traits: Traits) -> bool:
    return request.must_call and not traits.forced_tools_think


def fitted_effort(request: ChatRequest, traits: Traits) -> str | None:
    """The nearest value that the model takes; its own where the caller says nothing."""
    effort = request.reasoning_effort
    return traits.efforts.get(effort, effort) if effort else traits.default_effort


def is_on(request: ChatRequest, traits: Traits) -> bool:
    if traits.thinking != "switch":
        return True
    return not gives_way(request, traits) and switch(request, traits) != OFF
