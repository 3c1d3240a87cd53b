"""Clients in a closed loop: each keeps one connection and asks again as soon as it is answered."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from itertools import cycle
from urllib.parse import urlsplit

from bench.kinds import AT_ONCE

ENDS = (b"\r\n0\r\n\r\n",)
# What the last event of a whole stream says, in each format.
LASTS = (b"[DONE]", b"event: message_stop", b"event: response.completed")
SYSTEM = "You are brief."


def fields(path: str, prompt: str) -> dict[str, object]:
    """Of one request in each format."""
    user = [{"role": "user", "content": prompt}]
    if path.endswith("/messages"):
        return {"system": SYSTEM, "messages": user, "max_tokens": 400}
    if path.endswith("/responses"):
        return {"instructions": SYSTEM, "input": prompt, "max_output_tokens": 400}
    return {"messages": [{"role": "system", "content": SYSTEM}, *user], "max_tokens": 400}


WARM_UP_SECONDS = 1.0


def per_cent(values: list[float], share: int) -> float:
    """The value that so many per cent do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)] if ordered else 0.0


@dataclass
class Tally:
    seconds: list[float] = field(default_factory=list)  # from asking to the last byte
    first: list[float] = field(default_factory=list)  # to the first word
    failures: list[bytes] = field(default_factory=list)

    def per_cent(self, share: int) -> float:
        """Milliseconds within which so many per cent were answered."""
        return per_cent(self.seconds, share) * 1000


class Client(asyncio.Protocol):
    def __init__(self, request: bytes, tally: Tally) -> None:
        self.request, self.tally = request, tally
        self.stopping, self.counting = False, False
        self.gone = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.answer, self.begun, self.length = b"", time.perf_counter(), 0
        self.first: float | None = None
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.answer += data
        if self.first is None and b'"content":"w' in self.answer:
            self.first = time.perf_counter() - self.begun
        if self.is_whole():
            self.note()
            if self.stopping:
                self.transport.close()
            else:
                self.ask()

    def is_whole(self) -> bool:
        if not self.length:
            head, ended, _ = self.answer.partition(b"\r\n\r\n")
            if not ended:
                return False
            size = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), None)
            self.length = len(head) + 4 + int(size.split(b":")[1]) if size else -1
        return len(self.answer) >= self.length if self.length > 0 else self.answer.endswith(ENDS)

    def note(self) -> None:
        if not self.counting:
            return
        if b" 200 " not in self.answer[:16] or (self.length < 0 and not any(map(self.answer[-8_000:].count, LASTS))):
            self.tally.failures.append(self.answer[:500])
            return
        self.tally.seconds.append(time.perf_counter() - self.begun)
        if self.first is not None:
            self.tally.first.append(self.first)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.stopping:
            self.tally.failures.append(repr(error).encode())
        self.gone.set_result(None)


def request(
    url: str, key: str, model: str, *, stream: bool, prompt: str = AT_ONCE, headers: tuple[str, ...] = ()
) -> bytes:
    parts = urlsplit(url)
    body = json.dumps({"model": model, "stream": stream, **fields(parts.path, prompt)}).encode()
    more = "".join(f"{header}\r\n" for header in headers)
    return (
        f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\nauthorization: Bearer {key}\r\n{more}"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode() + body


class Load:
    """`async with Load(requests, 32, url) as load:` keeps 32 clients at it."""

    def __init__(self, requests: list[bytes], connections: int, url: str) -> None:
        self.requests, self.connections, self.at = requests, connections, urlsplit(url)
        self.tally = Tally()

    async def __aenter__(self) -> "Load":
        loop, requests = asyncio.get_running_loop(), cycle(self.requests)
        host, port = str(self.at.hostname), self.at.port or 80
        pairs = [
            await loop.create_connection(lambda: Client(next(requests), self.tally), host, port)
            for _ in range(self.connections)
        ]
        self.clients = [client for _, client in pairs]
        await asyncio.sleep(WARM_UP_SECONDS)
        for client in self.clients:
            client.counting = True
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self.clients:
            client.stopping = True
        await asyncio.wait([client.gone for client in self.clients], timeout=10)
        for client in self.clients:
            client.transport.abort()
