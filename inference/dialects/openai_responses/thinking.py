"""How hard to think, and how thoughts are shown."""

from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.traits import Traits


def write(rendered: ProviderRequest, traits: Traits) -> dict[str, Any]:
    """Thoughts are summarised for a caller who asks for an effort; nobody else waits for them."""
    effort = rendered.request.reasoning_effort
    if effort is None or "reasoning_effort" in traits.ignores:
        return {}
    fitted = traits.efforts.get(effort, effort)
    if fitted != effort:
        rendered.transform("reasoning_effort_fitted")
    summary = {"summary": traits.reasoning_summary} if traits.reasoning_summary and fitted != "none" else {}
    return {"reasoning": {"effort": fitted, **summary}}
