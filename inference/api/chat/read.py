"""The body of `POST /v1/chat/completions`: the neutral form as it stands, and what OpenRouter's clients and a few
others write in it.
"""

from typing import Any

from inference.api import expecting, routed_reasoning
from inference.chat.budget import Budget
from inference.chat.request import ChatRequest
from inference.chat.request_body import Adopted

Fields = dict[str, Any]

SWITCH = "enable_thinking"
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
    is_foreign = any([reasoning(fields), thinking_switch(fields)])
    return Adopted(fields, ignored=without_order(fields), is_foreign=is_foreign)


def without_order(fields: Fields) -> list[str]:
    """Drops a caller's own note of a turn's order, which only formats that have one may write."""
    messages = fields.get("messages")
    noted = (
        [each for each in messages if isinstance(each, dict) and "order" in each] if isinstance(messages, list) else []
    )
    for message in noted:
        del message["order"]
    return ["messages.order"] if noted else []


def thinking_switch(fields: Fields) -> bool:
    """Alibaba's own `enable_thinking` and `thinking_budget`, which vLLM and SGLang have in `chat_template_kwargs`:
    whether one was there. Left out, a model would think, and its caller pay for it.
    """
    template = fields.get("chat_template_kwargs")
    holders = [fields, template] if isinstance(template, dict) else [fields]
    switches = [holder.pop(SWITCH) for holder in holders if isinstance(holder.get(SWITCH), bool)]
    if not switches:
        return False
    if template == {}:
        del fields["chat_template_kwargs"]
    budget = fields.pop("thinking_budget", None)
    if fields.get("thinking") is None and fields.get("reasoning_effort") is None:
        is_bounded = switches[0] and isinstance(budget, int)
        bound = {"budget_tokens": budget} if is_bounded else {}
        fields["thinking"] = {"type": "enabled" if switches[0] else "disabled", **bound}
    return True


def reasoning(fields: Fields) -> bool:
    """Whether it was there."""
    reasoning_field = fields.get("reasoning")
    if not isinstance(reasoning_field, dict):
        return False
    del fields["reasoning"]
    routed_reasoning.settle(reasoning_field, fields)
    return True
