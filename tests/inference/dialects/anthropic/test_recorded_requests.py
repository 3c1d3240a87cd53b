"""Requests that real clients sent to others, rendered for Claude, read by Anthropic's types and by the sandbox."""

import json
from collections.abc import Callable

import pytest

from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from inference.dialects import anthropic
from tests.each import of_each
from tests.inference.dialects import recorded_requests
from tests.inference.dialects.anthropic.claude import MODELS, Json, target
from tests.inference.dialects.anthropic.sandbox import accepts
from tests.inference.dialects.anthropic.sdk import taken
from tests.inference.dialects.recorded_requests import REQUESTS, needs_recordings

# The field a refusal names, and when it is due.
DUE: dict[str, Callable[[Json], bool]] = {
    **recorded_requests.DUE,
    "messages": lambda asked: "input_audio" in json.dumps(asked["messages"]),
}


pytestmark = needs_recordings


@pytest.mark.parametrize("model", MODELS)
@of_each("name", REQUESTS)
def test_claude_takes_what_was_sent_to_others(name: str, model: str) -> None:
    asked = REQUESTS[name]
    try:
        body = anthropic.render(ChatRequest.read(json.dumps(asked).encode()), target(model)).body
    except InvalidRequest as refusal:
        assert DUE[refusal.param or ""](asked)
        return
    assert not any(due(asked) for param, due in DUE.items() if asked.get(param) is not None)
    assert taken(body) == body
    assert accepts(body)
