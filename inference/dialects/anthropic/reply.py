"""A JSON reply, read as a stream that says everything at its start: one set of tables serves both."""

from collections.abc import Mapping
from typing import Any

from inference.chat.provider_error import keeping
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Gathered, Reply
from inference.dialects.anthropic.faults import fault_in_reply
from inference.dialects.anthropic.stream import stream


def parse(body: Mapping[str, Any], rendered: ProviderRequest) -> Reply:
    """Raises `ProviderError` where it is no message."""
    if not is_message(body):
        raise fault_in_reply(body)
    messages, gathered = stream(rendered), Gathered()
    with keeping(messages.facts):
        deltas = messages.take({**body, "type": "message"})
        for delta in deltas:
            gathered.add(delta)
    reply = gathered.reply(messages.facts)
    reply.told = deltas
    return reply


def is_message(body: Any) -> bool:
    """Its content is a list of blocks; some servers write a text alone."""
    if not isinstance(body, dict) or body.get("error"):
        return False
    is_text = isinstance(body.get("content"), str) and body.get("role") == "assistant"
    return is_text or isinstance(body.get("content"), list)
