"""Thoughts that Claude signed and does not know again (another model's, another account's, or changed on the way)."""

import re

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.dialects.anthropic.thinking import THOUGHTS

REFUSED = re.compile(
    r"signature.{0,40}thinking|thinking.{0,80}(?:signature|cannot be modified|remain as they were)", re.I
)
PLACEHOLDER = {"type": "text", "text": "."}


def mend(rendered: ProviderRequest, fault: ProviderError) -> bool:
    """Whether that was it: the conversation now goes without the thoughts, which is always taken."""
    if fault.upstream_status != 400 or not REFUSED.search(fault.said):
        return False
    turns = [turn for turn in rendered.body["messages"] if any(block["type"] in THOUGHTS for block in turn["content"])]
    for turn in turns:
        left = [block for block in turn["content"] if block["type"] not in THOUGHTS]
        turn["content"] = left or [PLACEHOLDER]
    if not turns:
        return False
    rendered.transform("thinking_blocks_removed")
    last = rendered.body["messages"][-1]["content"]
    is_manual = (rendered.body.get("thinking") or {}).get("type") == "enabled"
    if is_manual and any(block["type"] == "tool_result" for block in last):
        del rendered.body["thinking"]  # in the middle of a tool loop it wants them
        rendered.transform("thinking_disabled")
    return True
