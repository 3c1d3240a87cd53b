"""The body of `POST /v1/chat/completions`: the neutral form as it stands, and what OpenRouter's clients and a few
others write in it.
"""

from typing import Any

from inference.chat.budget import Budget
from inference.chat.request import Adopted, ChatRequest

Fields = dict[str, Any]

LIMITS = ("max_tokens", "max_completion_tokens")
UNSTATED = "medium"


def read(body: bytes, *, on_loop: bool = False) -> ChatRequest:
    """Raises `InvalidRequest`, and, `on_loop`, `TooMuchHere`."""
    return ChatRequest.read(body, on_loop=on_loop, adopt=adopt)


def adopt(given: Fields, budget: Budget) -> Adopted:
    for name in LIMITS:
        if name in given:
            limit(given, name)
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


def limit(given: Fields, name: str) -> None:
    """None is what some clients mean by 0 or -1; others have no whole numbers."""
    value = given[name]
    if isinstance(value, float) and value.is_integer():
        given[name] = value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value <= 0:
        del given[name]


def reasoning(given: Fields) -> bool:
    """OpenRouter's one word for all providers' thinking. Whether it was there."""
    asked = given.get("reasoning")
    if not isinstance(asked, dict):
        return False
    del given["reasoning"]
    effort, budget = asked.get("effort"), asked.get("max_tokens")
    if asked.get("enabled") is False:
        effort, budget = "none", None
    if budget is not None and given.get("thinking") is None:
        given["thinking"] = {"type": "enabled", "budget_tokens": budget}
    elif effort is None and asked.get("enabled") is True:
        effort = UNSTATED
    if effort and given.get("reasoning_effort") is None:
        given["reasoning_effort"] = effort
    if asked.get("exclude") is not True:
        given["reasoning_summary"] = "auto"
    return True
