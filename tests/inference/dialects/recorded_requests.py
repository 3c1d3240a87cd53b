"""Requests that real clients sent to other providers, where the corpus lies beside the repository."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "cases"
HOSTS = ("openai", "moonshot", "qwen", "compat-kimi-qwen", "extra-azure-openai")

# The field a refusal names, and when it is due, whatever the dialect.
DUE: dict[str, Callable[[Json], bool]] = {
    "n": lambda asked: asked["n"] > 1,
    "logprobs": lambda asked: asked["logprobs"],
    "web_search_options": lambda asked: True,
    "moderation": lambda asked: True,
    "audio": lambda asked: True,
    "service_tier": lambda asked: asked["service_tier"] not in ("auto", "default"),
    "temperature": lambda asked: asked["temperature"] > 2,
    "tools": lambda asked: any(tool["type"] != "function" for tool in asked["tools"]),
}


def requests() -> dict[str, Json]:
    paths = sorted(path for host in HOSTS for path in (CORPUS / host).glob("*.json"))
    bodies = {f"{path.parent.name}/{path.stem}": json.loads(path.read_text())["request"] for path in paths}
    return {name: body for name, body in bodies.items() if isinstance(body, dict) and body.get("messages")}


REQUESTS = requests()
needs_recordings = pytest.mark.skipif(
    not REQUESTS, reason="the corpus of recorded traffic is not beside this repository"
)
