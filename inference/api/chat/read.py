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


def adopt(given: Fields, budget: Budget) -> Adopted:
    expecting.settle_limits(given, *LIMITS)
    if given.get("reasoning_effort") == "":
        del given["reasoning_effort"]
    if isinstance(usage := given.get("usage"), dict):
        del given["usage"]
        if usage.get("include") is True and not given.get("stream_options"):
            given["stream_options"] = {"include_usage": True}
    return Adopted(given, ignored=without_order(given), is_foreign=reasoning(given))


def without_order(given: Fields) -> list[str]:
    """In which order a turn was written is ours to note, of formats that say so."""
    messages = given.get("messages")
    noted = (
        [each for each in messages if isinstance(each, dict) and "order" in each] if isinstance(messages, list) else []
    )
    for message in noted:
        del message["order"]
    return ["messages.order"] if noted else []


def reasoning(given: Fields) -> bool:
    """Whether it was there."""
    asked = given.get("reasoning")
    if not isinstance(asked, dict):
        return False
    del given["reasoning"]
    routed_reasoning.settle(asked, given)
    return True
