"""What happens to the fields a model does not take: left out and named, or refused (docs/providers/README.md)."""

import string
from typing import Any

from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest, unsupported
from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits

# Values that ask for nothing: leaving them out changes nothing, so nobody is told.
NEUTRAL: dict[str, Any] = {
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logit_bias": {},
    "metadata": {},
    "store": False,
    "n": 1,
    "logprobs": False,
    "top_logprobs": 0,
}

HEADER_LETTERS = frozenset(string.ascii_letters + string.digits + "_-.")

SENTENCES = {
    "n": "This model gives one choice per request; leave out n or send 1.",
    "logprobs": "This model does not report log probabilities.",
    "top_logprobs": "This model does not report log probabilities.",
    "audio": "Audio output is not supported.",
    "web_search_options": "Web search is not offered yet.",
    "moderation": "Moderation is not offered yet.",
}


def drop_unsupported(request: ChatRequest, traits: Traits, *, on_loop: bool = False) -> ProviderRequest:
    """A `ProviderRequest` with an empty body, told of every field it will not carry. Raises `InvalidRequest`."""
    rendered = ProviderRequest(request, {}, budget=Budget.of(on_loop=on_loop))
    for name in sorted(traits.rejects):
        if asks(request, name):
            raise unsupported(SENTENCES.get(name, f"This model does not support {name}."), param=name)
    for name in sorted(traits.ignores):
        if asks(request, name):
            rendered.ignore(name)
    for name in request.unknown:
        rendered.ignore(printable(name))
    check_modalities(request)
    check_service_tier(request)
    return rendered


def asks(request: ChatRequest, name: str) -> bool:
    value = getattr(request, name, None)
    return value is not None and (name not in NEUTRAL or value != NEUTRAL[name])


def printable(name: str) -> str:
    """A caller's own field name goes back in a header: only what a header can hold."""
    beginning = name[:256]
    return "".join(letter for letter in beginning if letter in HEADER_LETTERS)[:64] or "?"


def check_modalities(request: ChatRequest) -> None:
    if request.modalities is not None and request.modalities != ["text"]:
        raise unsupported("Only text output is supported.", param="modalities", value=True)


def check_service_tier(request: ChatRequest) -> None:
    if request.service_tier not in (None, "auto", "default"):
        raise InvalidRequest(
            "Only the default service tier is offered.", param="service_tier", code="unsupported_value"
        )
