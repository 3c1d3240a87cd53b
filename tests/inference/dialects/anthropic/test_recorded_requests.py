"""Requests that real clients sent to others, rendered for Claude, read by Anthropic's types and by the sandbox."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from inference.dialects import anthropic
from tests.each import of_each
from tests.inference.dialects.anthropic.claude import MODELS, Json, target
from tests.inference.dialects.anthropic.sandbox import accepts
from tests.inference.dialects.anthropic.sdk import taken

CORPUS = Path(__file__).parents[5] / "shared" / "corpus" / "cases"
HOSTS = ("openai", "moonshot", "qwen", "compat-kimi-qwen", "extra-azure-openai")

# The field a refusal names, and when it is due.
DUE: dict[str, Callable[[Json], bool]] = {
    "n": lambda asked: asked["n"] > 1,
    "logprobs": lambda asked: asked["logprobs"],
    "web_search_options": lambda asked: True,
    "moderation": lambda asked: True,
    "audio": lambda asked: True,
    "service_tier": lambda asked: asked["service_tier"] not in ("auto", "default"),
    "temperature": lambda asked: asked["temperature"] > 2,
    "tools": lambda asked: any(tool["type"] != "function" for tool in asked["tools"]),
    "messages": lambda asked: "input_audio" in json.dumps(asked["messages"]),
}


def requests() -> dict[str, Any]:
    paths = sorted(path for host in HOSTS for path in (CORPUS / host).glob("*.json"))
    given = {f"{path.parent.name}/{path.stem}": json.loads(path.read_text())["request"] for path in paths}
    return {name: asked for name, asked in given.items() if isinstance(asked, dict) and asked.get("messages")}


REQUESTS = requests()
pytestmark = pytest.mark.skipif(not REQUESTS, reason="the corpus of recorded traffic is not beside this repository")


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
