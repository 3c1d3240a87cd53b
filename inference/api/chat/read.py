"""The body of `POST /v1/chat/completions`: the neutral form as it stands, and what OpenRouter's clients and a few
others write in it.
"""

from typing import Any

from inference.api import expecting, routed_reasoning
from inference.chat.budget import Budget
from inference.chat.request import ChatRequest
from inference.chat.request_body import Adopted

Fields = dict[str, Any]

LIMITS = ("max_tokens", "max_completion_tokens")


def read(body: bytes, *, on_loop: bool = False) -> ChatRequest:
    """Raises `InvalidRequest`, and, `on_loop`, `TooMuchHere`."""
    return ChatRequest.read(body, on_loop=on_loop, adopt=adopt)


def adopt(fields: Fields, budget: Budget) -> Adopted:
    expecting.settle_limits(fields, *LIMITS)
    if fields.get("reasoning_effort") == "":
        del fields["reasoning_effort"]
    if isinstance(usage := fields.get("usage"), dict):
        del fields["usage"]
        if usage.get("include") is True and not fields.get("stream_options"):
            fields["stream_options"] = {"include_usage": True}
    return Adopted(fields, ignored=without_order(fields), is_foreign=reasoning(fields))


def without_order(fields: Fields) -> list[str]:
    """In which order a turn was written is ours to note, of formats that say so."""
    messages = fields.get("messages")
    noted = (
        [each for each in messages if isinstance(each, dict) and "order" in each] if isinstance(messages, list) else []
    )
    for message in noted:
        del message["order"]
    return ["messages.order"] if noted else []


def reasoning(fields: Fields) -> bool:
    """Whether it was there."""
    reasoning_field = fields.get("reasoning")
    if not isinstance(reasoning_field, dict):
        return False
    del fields["reasoning"]
    routed_reasoning.settle(reasoning_field, fields)
    return True
