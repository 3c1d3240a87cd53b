"""Many streams open at once: how late each chunk comes, what a stream costs in memory, whether all of them end."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from bench.kinds import Open
from bench.load import per_cent, request
from bench.processes import resident_mb
from bench.replies import lateness
from bench.stage import Stage

SPARE_SECONDS = 60  # beyond what the words take


@dataclass(frozen=True)
class Opened:
    complete: int
    late_p50_ms: float
    late_p99_ms: float
    kb_each: float


@dataclass
class Heard:
    late: list[float] = field(default_factory=list)
    complete: int = 0
    faults: list[bytes] = field(default_factory=list)


class Listener(asyncio.Protocol):
    def __init__(self, request: bytes, heard: Heard) -> None:
        self.request, self.heard, self.tail = request, heard, b""
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.heard.late += lateness(data)
        self.tail = (self.tail + data)[-100:]
        if self.tail.endswith(b"\r\n0\r\n\r\n"):
            self.heard.complete += b"[DONE]" in self.tail
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if b"[DONE]" not in self.tail:
            self.heard.faults.append(self.tail)
        self.ended.set_result(None)


async def measure(on: Stage, what: Open) -> Opened:
    heard, at = Heard(), urlsplit(on.url)
    requests = [request(on.url, key, "gpt-5-mini", stream=True, prompt=what.prompt) for key in on.keys]
    before = highest = resident_mb(on.process)
    loop, listeners = asyncio.get_running_loop(), []
    for nth in range(what.streams):
        listening = partial(Listener, requests[nth % len(requests)], heard)
        _, listener = await loop.create_connection(listening, str(at.hostname), int(at.port or 80))
        listeners.append(listener.ended)
        await asyncio.sleep(what.opened_over / what.streams)
    deadline = loop.time() + what.words * what.gap_ms / 1000 + SPARE_SECONDS
    left = set(listeners)
    while left and loop.time() < deadline:
        _, left = await asyncio.wait(left, timeout=1)
        highest = max(highest, resident_mb(on.process))
    if heard.faults:
        print(f"  ended early, for one: {heard.faults[0]!r}")
    p50, p99 = (per_cent(heard.late, share) * 1000 for share in (50, 99))
    return Opened(heard.complete, p50, p99, (highest - before) * 1024 / what.streams)
