"""A provider on loopback that answers what a case tells it to, and keeps what it was sent.

Without an order it answers as each provider would when all is well: "Hello", four tokens in, two out.
"""

import asyncio
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.sdk.scripted_upstream import EVENTS, WHOLE

Json = dict[str, Any]

LENGTH = re.compile(rb"content-length: *(\d+)", re.I)
# Which of the ordinary conversations each dialect speaks.
ORDINARY = {
    "openai_chat": "gpt-5-mini",
    "openai_responses": "gpt-5.2-codex",
    "anthropic": "claude-haiku-4.5",
    "gemini": "gemini-2.5-flash",
}


@dataclass(frozen=True)
class Sent:
    """One request, as the provider got it."""

    path: str
    headers: Mapping[str, str]
    body: Json

    @property
    def dialect(self) -> str:
        if self.path.endswith("/messages"):
            return "anthropic"
        if self.path.endswith("/responses"):
            return "openai_responses"
        return "gemini" if "enerateContent" in self.path else "openai_chat"

    @property
    def is_streamed(self) -> bool:
        return bool(self.body.get("stream")) or "streamGenerateContent" in self.path


@dataclass
class ScriptedProvider:
    """`replies`: dialect → replies in the order of its requests; the last is given again to every later one."""

    replies: dict[str, list[Json]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    port: int = 0

    def start(self) -> None:
        ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        assert ready.wait(10)

    def run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.answer, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(self.loop), return_exceptions=True))

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def begin(self, replies: dict[str, list[Json]]) -> None:
        self.replies = {dialect: list(given) for dialect, given in replies.items()}
        self.sent = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
            sent = Sent(first.split()[1], headers, json.loads(body or b"{}"))
            self.sent.append(sent)
            writer.write(encoded(self.reply(sent.dialect), sent))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def reply(self, dialect: str) -> Json:
        queue = self.replies.get(dialect) or [{}]
        return queue.pop(0) if len(queue) > 1 else queue[0]


def encoded(reply: Json, sent: Sent) -> bytes:
    """`reply` may hold status, headers, and the body as `json`, as `events` (objects or raw text) or as `raw` text.

    `json` answers a request for JSON, `events` one for a stream; where only one of them stands, it answers both.
    `cut` leaves the end of a stream out.
    """
    has_events = "events" in reply and (sent.is_streamed or "json" not in reply)
    if not reply.keys() & {"json", "events", "raw"}:
        name = ORDINARY[sent.dialect]
        reply = {**reply, "events": EVENTS[name], **({"json": WHOLE[name]} if name in WHOLE else {})}
        has_events = sent.is_streamed
    if "raw" in reply:
        kind, body = "application/json", str(reply["raw"]).encode("utf-8", "surrogatepass")
    elif has_events:
        kind, body = "text/event-stream", "".join(map(event, reply["events"])).encode()
        if sent.dialect == "openai_chat" and not reply.get("cut"):
            body += b"data: [DONE]\n\n"
    else:
        kind, body = "application/json", json.dumps(reply["json"]).encode()
    headers = {
        "content-type": kind,
        "content-length": str(len(body)),
        "connection": "close",
        **reply.get("headers", {}),
    }
    lines = [f"HTTP/1.1 {reply.get('status', 200)} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def event(given: Json | str) -> str:
    if isinstance(given, str):
        return given
    name = f"event: {given['type']}\n" if "type" in given else ""
    return f"{name}data: {json.dumps(given)}\n\n"
