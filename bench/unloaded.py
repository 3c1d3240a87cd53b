"""What one client alone waits longer for its first word than if it asked the upstream directly. They take turns."""

import asyncio
import time
from urllib.parse import urlsplit

from bench.load import per_cent, request
from bench.replies import CHAT
from bench.stage import Stage

WARM_UP = 20
PROMPT = "Say 2 words, one every 5 ms."  # so that it is waited for one event, and not for the hundred behind it


class Caller:
    """Keeps one connection. A JSON answer's first byte is its last: it is sent whole."""

    def __init__(self, url: str, key: str, *, stream: bool, headers: tuple[str, ...] = ()) -> None:
        self.at, self.stream, self.begins = urlsplit(url), stream, b'"content":"w' if stream else b'"content"'
        self.request = request(url, key, "gpt-5-mini", stream=stream, prompt=PROMPT, headers=headers)
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def first_byte(self) -> float:
        if self.streams is None:
            self.streams = await asyncio.open_connection(self.at.hostname, self.at.port)
        reader, writer = self.streams
        begun, answer, first = time.perf_counter(), b"", 0.0
        writer.write(self.request)
        while not first or (self.stream and not answer.endswith(b"\r\n0\r\n\r\n")):
            if not (read := await reader.read(65_536)):
                raise SystemExit(f"{self.at.netloc} hung up: {answer[:500]!r}")
            answer += read
            if not first and self.begins in answer:
                first = time.perf_counter() - begun
        return first

    def close(self) -> None:
        if self.streams:
            self.streams[1].close()


async def added(on: Stage, upstream: str, *, stream: bool, requests: int = 300) -> tuple[float, float]:
    """Milliseconds at the median, and at 99 per cent."""
    ours = Caller(on.url, on.keys[0], stream=stream, headers=on.headers)
    direct = Caller(f"{upstream}/{CHAT}", "none", stream=stream)
    took: list[float] = []
    straight: list[float] = []
    for nth in range(WARM_UP + requests):
        here, there = await ours.first_byte(), await direct.first_byte()
        if nth >= WARM_UP:
            took.append(here)
            straight.append(there)
    ours.close()
    direct.close()
    median, highest = ((per_cent(took, share) - per_cent(straight, share)) * 1000 for share in (50, 99))
    return median, highest
