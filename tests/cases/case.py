"""One case: a file of data/, its variants × models × streamed and not, and what must come of each.

    {"title": "…", "source": "where it was reported", "kind": "…",
     "models": ["gpt-5-mini", …],
     "format": "chat",                     or "messages", "responses": what the caller speaks
     "request": {…},                       merged over a short conversation
     "replies": {"anthropic": [{…}]},      what the provider says (provider.encoded); without: an ordinary reply
     "expect": {"status": 200, "sent": {"/max_tokens": 64000}, "headers": {…}, "answer": {"/finish": "stop"}},
     "variants": [{…}]}                    each changes or adds any of the above

`sent` and `answer` map JSON pointers to values: `sent` into the body the provider got (`/@path`, `/@count`: its path
and how often it was asked), `answer` into what the caller got, alike for JSON and streams. `{"absent": true}` says
that nothing is there, `{"contains": "…"}` that a text holds another, `{"any": true}` that something is.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
MISSING = {"absent": True}

Json = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One request of a case."""

    case: str
    variant: str
    model: str
    stream: bool
    request: Json
    replies: dict[str, list[Json]]
    expect: Json
    format: str = "chat"

    @property
    def name(self) -> str:
        return f"{self.case}{f' ({self.variant})' if self.variant else ''}"


@dataclass
class Outcome:
    run: Run
    faults: list[str] = field(default_factory=list)


def cases() -> list[Path]:
    return sorted(DATA.glob("*.json"))


def runs(path: Path) -> Iterator[Run]:
    case = json.loads(path.read_text())
    for variant in case.pop("variants", [{}]):
        whole = {**case, **variant, "expect": {**case.get("expect", {}), **variant.get("expect", {})}}
        for model in whole["models"]:
            for stream in whole.get("streams", [False, True]):
                yield Run(
                    path.stem,
                    variant.get("title", "") if variant else "",
                    model,
                    stream,
                    {**case.get("request", {}), **variant.get("request", {})},
                    {**case.get("replies", {}), **variant.get("replies", {})},
                    expectation(whole["expect"], model, stream),
                    whole.get("format", "chat"),
                )


def expectation(expect: Json, model: str, stream: bool) -> Json:
    """`"expect": {"of": {"gpt-5-mini": {…}}}` adds to what holds for all; `json` and `stream` to one of the two."""
    added = [expect.get("of", {}).get(model, {}), expect.get("stream" if stream else "json", {})]
    whole: Json = {"status": 200, **{name: value for name, value in expect.items() if name not in LAYERS}}
    for more in added:
        for name, value in more.items():
            whole[name] = {**whole.get(name, {}), **value} if isinstance(value, dict) else value
    return whole


LAYERS = ("of", "json", "stream")


def at(value: Any, pointer: str) -> Any:
    """What a JSON pointer leads to, `MISSING` where it leads nowhere."""
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and step.lstrip("-").isdecimal() and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return MISSING
    return value


def differences(found: Any, expected: Json, where: str) -> Iterator[str]:
    for pointer, value in expected.items():
        here = at(found, pointer)
        if not agrees(here, value):
            yield f"{where} {pointer}: {json.dumps(here)[:300]} instead of {json.dumps(value)[:300]}"


def agrees(here: Any, value: Any) -> bool:
    match value:
        case {"contains": str(part)}:
            return isinstance(here, str) and part in here
        case {"lacks": str(part)}:
            return not isinstance(here, str) or part not in here
        case {"any": True}:
            return bool(here != MISSING)
        case {"at_most": int(most)}:
            return isinstance(here, int) and here <= most
        case {"parses_to": parsed}:
            try:
                return bool(json.loads(here) == parsed)
            except (TypeError, ValueError):
                return False
    return bool(here == value)
