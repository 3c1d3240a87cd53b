"""A server's part in one request for a completion: our own, which lends its way to the client's socket and calls back
when the client leaves, or any other, which knows only ASGI's messages.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from inference.api import asgi


class ServedRequest:
    """`before_write` sees how much was written straight so far, and may say that the client takes no more (`stop`)."""

    def __init__(self, key: str, path: str = "/v1/chat/completions", *, straight: bool, **fields: Any) -> None:
        self.key, self.path, self.straight = key, path, straight
        self.body = json.dumps(fields).encode()
        self.start: Mapping[str, Any] = {}
        self.heard: list[bytes] = []
        self.sent = self.written = 0
        self.is_over = False
        self.takes_more = asyncio.Event()
        self.takes_more.set()
        self.before_write: Callable[[ServedRequest], None] = lambda request: None
        self.has_left = asyncio.Event()
        self.hang_ups: list[Callable[[], object]] = []

    @property
    def scope(self) -> dict[str, Any]:
        named = {"host": "localhost", "authorization": self.key, "content-length": str(len(self.body))}
        ours = {"conway.write": self.write, "conway.hang_up": self.hang_ups.append} if self.straight else {}
        return {
            "type": "http", "method": "POST", "path": self.path, "extensions": ours,
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        }  # fmt: skip

    async def answered(self) -> "ServedRequest":
        await asgi.completions(self.scope, self.receive, self.send)
        return self

    async def receive(self) -> Mapping[str, Any]:
        if self.body:
            whole, self.body = self.body, b""
            return {"type": "http.request", "body": whole, "more_body": False}
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        self.sent += 1
        self.heard.append(message["body"])
        self.is_over = not message.get("more_body")
        if not self.is_over:
            await self.takes_more.wait()

    def write(self, piece: bytes) -> bool:
        assert self.start and not self.is_over
        self.before_write(self)
        if not self.takes_more.is_set():
            return False
        self.written += 1
        self.heard.append(piece)
        return True

    def leave(self) -> None:
        self.has_left.set()
        for call in self.hang_ups:
            call()

    @property
    def said(self) -> bytes:
        return b"".join(self.heard)

    @property
    def text(self) -> str:
        events = [line[6:] for line in self.said.decode().split("\n\n") if line.startswith("data: {")]
        deltas = [choice["delta"] for event in events for choice in json.loads(event)["choices"]]
        return "".join(delta.get("content") or "" for delta in deltas)
