"""A JSON reply, read as a stream that says everything at its start: one set of tables serves both."""

from collections.abc import Mapping
from typing import Any

from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Gathered, Reply
from inference.dialects.anthropic.faults import fault_in_reply
from inference.dialects.anthropic.stream import stream


def parse(body: Mapping[str, Any], rendered: ProviderRequest) -> Reply:
    """Raises `ProviderError` where it is no message."""
    if not isinstance(body, dict) or not isinstance(body.get("content"), list):
        raise fault_in_reply(body)
    messages, gathered = stream(rendered), Gathered()
    for told in as_events(body):
        for delta in messages.take(told):
            gathered.add(delta)
    return gathered.reply(messages.facts)


def as_events(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "message_start", "message": message},
        {"type": "message_delta", "delta": {}, "usage": message.get("usage")},
        {"type": "message_stop"},
    ]
