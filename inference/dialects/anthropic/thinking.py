"""How hard to think: a budget, an adaptive switch, an effort (docs/providers/anthropic.md)."""

from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.dialects.anthropic.conversation import Turn
from inference.dialects.thinking_room import room

MIN_BUDGET = 1024
DEFAULT_EFFORT = "medium"  # for a caller who wants thinking and does not say how much
BEYOND_HIGH, HIGHEST_UNTHINKING = ("xhigh", "max"), "high"  # Claude answers 400 to more without thinking
THOUGHTS = ("thinking", "redacted_thinking")


def write(rendered: ProviderRequest, traits: Traits, turns: list[Turn], max_tokens: int) -> dict[str, Any] | None:
    """The `thinking` field. What excludes manual thinking wins over it, and the caller is told."""
    request = rendered.request
    if request.thinking is not None and request.reasoning_effort is not None and traits.thinking == "budget":
        rendered.ignore("reasoning_effort")  # Claude's own `thinking` is the more exact word
    if not wants(request):
        return {"type": traits.thinking_off} if traits.thinking_off and refuses(request) else None
    if request.must_call and not traits.forced_tools_think:
        rendered.transform("thinking_disabled")
        return None
    if traits.thinking == "adaptive":
        if request.thinking is not None and request.thinking.budget_tokens is not None:
            rendered.ignore("thinking.budget_tokens")
        display = {"display": traits.thinking_display} if traits.thinking_display else {}
        return {"type": "adaptive", **display}
    requested = asked_budget(request, traits)
    budget = min(requested, room(max_tokens))
    if budget < MIN_BUDGET or resumes_without_thought(turns):
        rendered.transform("thinking_disabled")
        return None
    if budget < requested:
        rendered.transform("thinking_lowered")
    return {"type": "enabled", "budget_tokens": budget}


def thinks(rendered: ProviderRequest, traits: Traits) -> bool:
    """Where it is asked to, or does so unless told otherwise; shown are summaries, charged is the whole."""
    thought = rendered.body.get("thinking")
    if traits.thinking_off is None and traits.default_effort is None:
        return is_on(thought)
    return thought is None or thought["type"] != "disabled"


def is_on(thought: dict[str, Any] | None) -> bool:
    return thought is not None and thought["type"] in ("enabled", "adaptive")


def effort(rendered: ProviderRequest, traits: Traits, thought: dict[str, Any] | None) -> dict[str, str]:
    """For `output_config`; also without thinking it shortens or lengthens the answer. A row whose table knows `none` is
    of a model that cannot be kept from thinking: it thinks its least.
    """
    request = rendered.request
    is_off = refuses(request) and not wants(request)
    requested = "none" if is_off and "none" in traits.efforts else request.effort or request.reasoning_effort
    if requested is None or requested not in traits.efforts:
        return {}
    is_told_off = thought is not None and thought["type"] == traits.thinking_off
    level = (
        HIGHEST_UNTHINKING if is_told_off and traits.efforts[requested] in BEYOND_HIGH else traits.efforts[requested]
    )
    if level != requested:
        rendered.transform("reasoning_effort_fitted")
    return {"effort": level}


def wants(request: ChatRequest) -> bool:
    if request.thinking is not None:
        return not request.thinking.is_off
    return request.reasoning_effort not in (None, "none")


def refuses(request: ChatRequest) -> bool:
    """Whether the caller says that there is to be no thinking."""
    return request.thinking is not None or request.reasoning_effort is not None


def asked_budget(request: ChatRequest, traits: Traits) -> int:
    if request.thinking is not None and request.thinking.budget_tokens is not None:
        return request.thinking.budget_tokens
    table = traits.thinking_budgets
    return table.get(request.reasoning_effort or "") or table.get(DEFAULT_EFFORT) or 0


def resumes_without_thought(turns: list[Turn]) -> bool:
    """Whether the conversation ends inside a tool loop of which some step lost its thoughts: Claude answers 400 then.

    Most callers delete fields they do not know. Without thinking the same conversation is always taken.
    """
    turns = [turn for turn in turns if turn.role != "system"]
    at = len(turns) - 1
    while at > 0 and turns[at].holds("tool_result"):
        if turns[at - 1].blocks[0]["type"] not in THOUGHTS:
            return True
        at -= 2
    return False
