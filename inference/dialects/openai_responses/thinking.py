"""How hard to think, and how thoughts are shown."""

from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.traits import Traits


def write(rendered: ProviderRequest, traits: Traits) -> dict[str, Any]:
    """Thoughts are summarised for a caller who asks for an effort, or (in a format that can say so) for summaries;
    nobody else waits for them.
    """
    request = rendered.request
    effort, asked = request.reasoning_effort, request.reasoning_summary
    if effort is None or "reasoning_effort" in traits.ignores:
        return {"reasoning": {"summary": asked}} if asked else {}
    fitted = traits.efforts.get(effort, effort)
    if fitted != effort:
        rendered.transform("reasoning_effort_fitted")
    shown = None if fitted == "none" else asked or (None if request.is_adopted else traits.reasoning_summary)
    summary = {"summary": shown} if shown else {}
    return {"reasoning": {"effort": fitted, **summary}}
