"""The sandbox's own opinion of a request body: it knows nothing of our translators."""

import json
from typing import Any

from inference.sandbox.gemini.wire import Gemini
from inference.sandbox.protocol import Incoming
from tests.inference.dialects.gemini.asking import target

HEADERS = {"x-goog-api-key": "any"}


def accepts(body: dict[str, Any], model: str) -> bool:
    """Raises `Refused`, in Google's words."""
    wire = Gemini()
    wire.authenticate(HEADERS)
    wire.read(json.loads(json.dumps(body)), Incoming("", HEADERS, b"", model=target(model).upstream_model))
    return True
