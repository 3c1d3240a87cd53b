"""The sandbox's own opinion of a request body: it knows nothing of our translators."""

from typing import Any

from inference.sandbox.anthropic.wire import Anthropic
from inference.sandbox.cache import PromptCache
from inference.sandbox.protocol import Incoming

HEADERS = {"x-api-key": "any", "anthropic-version": "2023-06-01"}


def accepts(body: dict[str, Any]) -> bool:
    """Raises `Refused`, in Anthropic's words."""
    wire = Anthropic(PromptCache())
    wire.authenticate(HEADERS)
    wire.read(body, Incoming("/v1/messages", HEADERS, b""))
    return True
