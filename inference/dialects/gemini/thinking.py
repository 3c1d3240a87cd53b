"""How hard to think: a level or a budget, never both (docs/providers/gemini.md)."""

from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.traits import Traits
from inference.dialects.thinking_room import room


def write(rendered: ProviderRequest, traits: Traits, max_tokens: int | None) -> dict[str, Any]:
    """Without an effort the model decides, and keeps its thoughts to itself."""
    effort = rendered.request.reasoning_effort
    if effort is None:
        return {}
    if level := traits.thinking_levels.get(effort):
        if level.lower() != effort:
            rendered.transform("reasoning_effort_fitted")
        return {"thinkingLevel": level, **shown(effort != "none")}
    if (asked := traits.thinking_budgets.get(effort)) is not None:
        budget = affordable(asked, traits, max_tokens)
        if budget < asked:
            rendered.transform("thinking_lowered" if budget else "thinking_disabled")
        return {"thinkingBudget": budget, **shown(effort != "none" and budget > 0)}
    rendered.ignore("reasoning_effort")
    return {}


def affordable(budget: int, traits: Traits, max_tokens: int | None) -> int:
    """Thoughts count as output. What the model spends at effort `none` is the least it can be held to."""
    least = traits.thinking_budgets.get("none", 0)
    return budget if max_tokens is None else max(least, min(budget, room(max_tokens)))


def thinks(rendered: ProviderRequest, traits: Traits) -> bool:
    """Unless held to nothing; a level is never nothing. Shown are summaries at most, charged is the whole."""
    settings = rendered.body.get("generationConfig") or {}
    return bool((settings.get("thinkingConfig") or {}).get("thinkingBudget") != 0)


def shown(thoughts: bool) -> dict[str, bool]:
    return {"includeThoughts": True} if thoughts else {}
