"""What was really served, written down by the upstream itself. The gateway under test has no hand in it."""

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .asks import Usage

RUNNING, REFUSED, FINISHED, CUT, CLIENT = "running", "refused", "finished", "cut", "client"
BILLED = ("input", "cached", "write_5m", "write_1h", "output")


@dataclass
class Entry:
    """One request. `ended` is running, refused (an error before any output), finished, cut (by us) or client (it went away)."""

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
    usage: Usage = Usage()

    def serve(self, input: Usage, tokens: int) -> None:
        """Bill the prompt, and so many output tokens more than before."""
        self.usage = replace(input, output=self.usage.output + tokens)

    def row(self) -> dict[str, Any]:
        usage = asdict(self.usage)
        return {**asdict(self), "usage": {name: usage[name] for name in BILLED}}


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
        ended, models, everything = (
            Counter[str](),
            dict[str, Counter[str]](),
            Counter[str](dict.fromkeys(BILLED, 0)),
        )
        for entry in self.entries:
            ended[entry.ended] += 1
            billed = Counter({name: getattr(entry.usage, name) for name in BILLED})
            everything.update(billed)
            if entry.model:
                models.setdefault(entry.model, Counter()).update(billed)
        return {"requests": len(self.entries), "ended": ended, "usage": everything, "models": models}

    def reset(self) -> None:
        self.entries.clear()
