"""The recorded exchanges of OpenAI's Responses API, where the corpus lies beside the repository."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[4].parent / "shared" / "corpus" / "cases"
MISSING = f"the recorded traffic is not at {CASES.parent.name}"

ENDS = ("response.completed", "response.incomplete", "response.failed")

Case = dict[str, Any]


def cases(provider: str) -> Iterator[tuple[str, Case]]:
    for path in sorted((CASES / provider).glob("*.json")):
        yield path.stem, json.loads(path.read_text())


def names(provider: str) -> list[str]:
    return [name for name, _ in cases(provider)]


def case(provider: str, name: str) -> Case:
    found: Case = json.loads((CASES / provider / f"{name}.json").read_text())
    return found


def final_response(case: Case) -> dict[str, Any]:
    """The response object as the provider left it: the body, or what ends the stream (one file holds two streams)."""
    if "response" in case:
        whole: dict[str, Any] = case["response"]
        return whole
    events = [json.loads(line[5:]) for line in case["sse"].split("\n") if line.startswith("data:")]
    ends = [event["response"] for event in events if event["type"] in ENDS]
    first: dict[str, Any] = ends[0]
    return first
