"""Requests that real clients sent to others, rendered for Gemini, read by Google's types and by the sandbox."""

import json
from collections.abc import Callable

import pytest

from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from inference.dialects import gemini
from inference.sandbox.refusals import Refused
from tests.each import of_each
from tests.inference.dialects import recorded_requests
from tests.inference.dialects.gemini.asking import FLASH, MODELS, PRO, Json, target
from tests.inference.dialects.gemini.sandbox import accepts
from tests.inference.dialects.gemini.sdk import taken
from tests.inference.dialects.recorded_requests import REQUESTS, needs_recordings


def wants_json(asked: Json) -> bool:
    return bool((asked.get("response_format") or {}).get("type", "text") != "text")


# The field a refusal names, and when it is due.
DUE: dict[str, Callable[[Json], bool]] = {
    **recorded_requests.DUE,
    "messages": lambda asked: '"url": "http:' in json.dumps(asked["messages"]),
}
ON_OLDER: dict[str, Callable[[Json], bool]] = {
    "response_format": lambda asked: wants_json(asked) and bool(asked.get("tools") or asked.get("functions"))
}


pytestmark = needs_recordings


@pytest.mark.parametrize("model", MODELS)
@of_each("name", REQUESTS)
def test_gemini_takes_what_was_sent_to_others(name: str, model: str) -> None:
    asked = REQUESTS[name]
    due = {**DUE, **(ON_OLDER if model in (PRO, FLASH) else {})}
    try:
        body = gemini.render(ChatRequest.read(json.dumps(asked).encode()), target(model)).body
    except InvalidRequest as refusal:
        assert due[refusal.param or ""](asked)
        return
    assert not any(is_due(asked) for param, is_due in due.items() if asked.get(param) is not None)
    assert taken(body) == body
    assert is_accepted(body, model)


def is_accepted(body: Json, model: str) -> bool:
    try:
        return accepts(body, model)
    except Refused as refused:
        raise AssertionError(refused.args) from refused
