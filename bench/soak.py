"""Minute after minute under every kind of load: memory, sockets, tasks and connections to PostgreSQL at its end."""

import asyncio
import re
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.kinds import KINDS
from bench.processes import children, resident_mb, sockets
from bench.rounds import Measured, measure
from bench.stage import Stage

SETTLED_SECONDS = 3  # after the load: its connections are closed, and a worker has counted its tasks
TASKS = re.compile(r"^conway_tasks (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Minute:
    kind: str
    measured: Measured
    memory_mb: float
    sockets: int
    connections: int  # PostgreSQL's processes, its own included
    tasks: int


def minutes(on: Stage, kinds: Sequence[str], number: int, seconds: float = 60) -> Iterator[Minute]:
    for nth in range(number):
        kind = kinds[nth % len(kinds)]
        measured = asyncio.run(measure(on, KINDS[kind], seconds))
        time.sleep(SETTLED_SECONDS)
        connections = children(on.postgresql) if on.postgresql else 0
        yield Minute(kind, measured, resident_mb(on.process), sockets(on.process), connections, tasks(on))


def tasks(on: Stage) -> int:
    at = urlsplit(on.url)
    with urllib.request.urlopen(f"{at.scheme}://{at.netloc}/metrics", timeout=10) as page:
        found = TASKS.search(page.read().decode())
    return int(found[1]) if found else 0


def growth(minutes: Sequence[Minute], warm: int) -> dict[str, float]:
    """From the end of the warm-up, in which every kind ran once, to the end: the least of as many minutes before each,
    since the kinds differ and the pool keeps a connection for a while."""
    first, last = minutes[warm : 2 * warm], minutes[-warm:]
    if len(minutes) < 3 * warm:
        return {}
    grown = {
        name: min(getattr(one, name) for one in last) - min(getattr(one, name) for one in first)
        for name in ("sockets", "connections", "tasks")
    }
    memory = max(one.memory_mb for one in last) / max(one.memory_mb for one in first)
    return {"soak memory": memory, **{f"soak {name}": float(value) for name, value in grown.items()}}
