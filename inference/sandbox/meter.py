"""What was really served, written down by the upstream itself. The gateway under test has no hand in it."""

import json
import time
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .neutral_request import Usage

RUNNING, REFUSED, FINISHED, CUT, CLIENT = "running", "refused", "finished", "cut", "client"
PROMPT = ("input", "cached", "write_5m", "write_1h")
NOTHING = Usage()


@dataclass(slots=True)
class Entry:
    """One request. `ended` is running, refused (an error before any output), finished, cut (by us) or client (it went
    away)."""

    serial: int
    provider: str
    path: str
    at: float  # seconds since the epoch
    request_id: str | None = None
    user: str | None = None
    model: str | None = None
    streamed: bool = False
    status: int = 200
    ended: str = RUNNING
    prompt: Usage = NOTHING
    output: int = 0

    def serve(self, prompt: Usage, tokens: int) -> None:
        """Bill the prompt, and so many output tokens more than before."""
        self.prompt = prompt
        self.output += tokens

    def settle(self, usage: Usage) -> None:
        self.prompt, self.output = usage, usage.output

    @property
    def billed(self) -> dict[str, int]:
        return {**{name: getattr(self.prompt, name) for name in PROMPT}, "output": self.output}

    def row(self) -> dict[str, Any]:
        plain = {
            field.name: getattr(self, field.name) for field in fields(self) if field.name not in ("prompt", "output")
        }
        return {**plain, "usage": self.billed}


class Meter:
    def __init__(self, file: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self.serial = 0
        self.file = file.open("a", buffering=1) if file else None

    def open(self, provider: str, path: str, request_id: str | None) -> Entry:
        self.serial += 1
        entry = Entry(self.serial, provider, path, time.time(), request_id)
        self.entries.append(entry)
        return entry

    def close(self, entry: Entry, ended: str) -> None:
        entry.ended = ended
        if self.file:
            self.file.write(json.dumps(entry.row()) + "\n")

    def rows(self) -> list[dict[str, Any]]:
        return [entry.row() for entry in self.entries]

    def totals(self) -> dict[str, Any]:
        """Requests by how they ended, and the billed buckets, over everything and per served model."""
        ended, models = Counter[str](), dict[str, Counter[str]]()
        everything = Counter(Entry(0, "", "", 0).billed)
        for entry in self.entries:
            ended[entry.ended] += 1
            everything.update(entry.billed)
            if entry.model:
                models.setdefault(entry.model, Counter()).update(entry.billed)
        return {"requests": len(self.entries), "ended": ended, "usage": everything, "models": models}

    def reset(self) -> None:
        self.entries.clear()
