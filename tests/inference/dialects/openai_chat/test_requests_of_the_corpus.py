"""Recorded requests of OpenAI's customers, rendered for each model of this dialect."""

import json
from typing import Any

import pytest

from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from inference.dialects import openai_chat
from tests.each import of_each
from tests.inference.dialects.openai_chat.asking import MODELS, ROOT, target
from tests.inference.dialects.openai_chat.judges import check_types, complaint

CORPUS = ROOT.parent / "shared" / "corpus" / "cases"
CASES = [
    path
    for folder in ("openai", "moonshot", "qwen", "compat-kimi-qwen", "extra-azure-openai")
    for path in sorted((CORPUS / folder).glob("*.json"))
]
pytestmark = pytest.mark.skipif(not CASES, reason="the corpus of recorded traffic is not beside this repository")

# What a model lacks, as it is told to the caller.
LACKS = ("unsupported_parameter", "unsupported_value", "unsupported_image_url")
EMPTY = "The messages are all empty."


def recorded() -> dict[str, dict[str, Any]]:
    found = [(path, json.loads(path.read_text())["request"]) for path in CASES]
    return {f"{path.parent.name}/{path.stem}": given for path, given in found if given}


REQUESTS = recorded()


def read(given: dict[str, Any]) -> ChatRequest | None:
    try:
        return ChatRequest.read(json.dumps(given).encode())
    except InvalidRequest:
        return None


@pytest.mark.parametrize("model", MODELS)
@of_each("name", REQUESTS)
def test_a_recorded_request_becomes_a_body_the_provider_takes(name: str, model: str) -> None:
    if (request := read(REQUESTS[name])) is None:
        return  # counted below
    try:
        body = openai_chat.render(request, target(model)).body
    except InvalidRequest as lacking:
        assert lacking.code in LACKS or lacking.message == EMPTY
        return
    check_types(body)
    assert complaint(model, body) is None


def test_few_recorded_requests_are_unreadable() -> None:
    """Custom tools, audio history, empty messages and the like: what the gateway documents as refused."""
    unread = [name for name, given in REQUESTS.items() if read(given) is None]
    assert len(unread) <= len(REQUESTS) * 0.03, unread
