"""A kind of load on a stage for some seconds, and rounds of several stages, interleaved, so that what the machine does
besides meets all of them.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.kinds import KINDS, Kind
from bench.load import Load, request
from bench.processes import cpu_seconds, resident_mb
from bench.replies import CHAT
from bench.stage import Stage


@dataclass(frozen=True)
class Measured:
    """CPU ms a request, of the server's processes and of PostgreSQL's."""

    own: float
    database: float
    per_second: float = 0
    p50: float = 0
    p95: float = 0
    failed: int = 0
    memory_mb: float = 0

    @property
    def together(self) -> float:
        return self.own + self.database


async def measure(on: Stage, kind: Kind, seconds: float) -> Measured:
    url = on.url.replace(CHAT, kind.path)
    requests = [
        request(url, key, kind.model, stream=kind.streams, prompt=kind.prompt, headers=on.headers)
        for key in on.keys[: kind.accounts]
    ]
    async with Load(requests, kind.connections, on.url) as load:
        own, database, begun = *spent(on), time.perf_counter()
        before = len(load.tally.seconds)
        await asyncio.sleep(seconds)
        took, done = time.perf_counter() - begun, max(1, len(load.tally.seconds) - before)
        own, database = (after - was for after, was in zip(spent(on), (own, database), strict=True))
        memory = resident_mb(on.process)
    tally = load.tally
    if tally.failures:
        print(f"  failed, for one: {tally.failures[0]!r}")
    times = (tally.per_cent(50), tally.per_cent(95))
    return Measured(own * 1000 / done, database * 1000 / done, done / took, *times, len(tally.failures), memory)


def spent(on: Stage) -> tuple[float, float]:
    """CPU seconds so far, of the server's processes and of PostgreSQL's."""
    return cpu_seconds(on.process, on.postgresql), cpu_seconds(on.postgresql) if on.postgresql else 0.0


def rounds(
    stages: Sequence[Stage], kinds: Sequence[str], number: int, seconds: float
) -> Iterator[tuple[str, dict[str, list[Measured]]]]:
    """Of each kind what each stage came to in each round; who begins a round changes."""
    for kind in kinds:
        found: dict[str, list[Measured]] = {on.name: [] for on in stages}
        for nth in range(number):
            for on in stages if nth % 2 == 0 else reversed(stages):
                found[on.name].append(asyncio.run(measure(on, KINDS[kind], seconds)))
        yield kind, found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of what each round's pair comes to."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True) if other)
