"""An upstream that answers with whatever bytes a test gives it, and what the four dialects say when all is well."""

import asyncio
import itertools
import json
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

NUMBER = re.compile(rb"#(\d+)#")
HANG = "hang"  # says no more, and keeps the connection
RESET = "reset"
Step = bytes | float | str  # bytes to send, seconds to wait, HANG or RESET


@dataclass
class Babble:
    """Runs in a thread. A request names its script by `#number#` in its message."""

    scripts: dict[int, list[Step]] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    port: int = 0

    def start(self) -> None:
        ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait(10)

    def run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.answer, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*asyncio.all_tasks(self.loop), return_exceptions=True))

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def script(self, *steps: Step) -> str:
        """The words that ask for it."""
        number = next(self.numbers)
        self.scripts[number] = list(steps)
        return f"#{number}#"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.play(await self.script_asked_for(reader), writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def script_asked_for(self, reader: asyncio.StreamReader) -> list[Step]:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.I)
        body = await reader.readexactly(int(length[1]) if length else 0)
        self.asked.append(head)
        found = NUMBER.search(body)
        return self.scripts[int(found[1])] if found else []

    async def play(self, steps: list[Step], writer: asyncio.StreamWriter) -> None:
        for step in steps:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif step == RESET:
                writer.transport.abort()
            else:
                await asyncio.sleep(60 if step == HANG else float(step))


# The dialects, well spoken

Json = dict[str, Any]


def chunk(delta: Json, finish: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-mini", "choices": [choice]}


def candidate(text: str, **more: Any) -> Json:
    said = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0, **more}
    usage = {"promptTokenCount": 4, "candidatesTokenCount": 2, "totalTokenCount": 6}
    return {"candidates": [said], "usageMetadata": usage, "modelVersion": "gemini-2.5-flash", "responseId": "r"}


CHAT_USAGE = {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}
CLAUDE_USAGE = {"input_tokens": 4, "output_tokens": 2}
CLAUDE: Json = {"id": "m", "type": "message", "role": "assistant", "model": "claude-haiku-4-5-20251001", "content": []}
CODEX: Json = {
    "id": "r",
    "object": "response",
    "created_at": 1,
    "model": "gpt-5.2-codex",
    "status": "in_progress",
    "output": [],
}
CODEX_USAGE = {"input_tokens": 4, "output_tokens": 2, "total_tokens": 6}
MESSAGE: Json = {
    "id": "i", "type": "message", "role": "assistant", "status": "completed",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}  # fmt: skip

EVENTS: dict[str, list[Json]] = {
    "gpt-5-mini": [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        chunk({}, "stop"),
        {**chunk({}), "choices": [], "usage": CHAT_USAGE},
    ],
    "claude-haiku-4.5": [
        {"type": "message_start", "message": {**CLAUDE, "usage": {"input_tokens": 4, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ],
    "gemini-2.5-flash": [candidate("Hel"), candidate("lo", finishReason="STOP")],
    "gpt-5.2-codex": [
        {"type": "response.created", "response": CODEX},
        {"type": "response.output_item.added", "output_index": 0, "item": {**MESSAGE, "content": []}},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "i", "delta": "Hel"},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "item_id": "i", "delta": "lo"},
        {"type": "response.output_item.done", "output_index": 0, "item": MESSAGE},
        {
            "type": "response.completed",
            "response": {**CODEX, "status": "completed", "output": [MESSAGE], "usage": CODEX_USAGE},
        },
    ],
}  # fmt: skip

WHOLE: dict[str, Json] = {
    "gpt-5-mini": {
        **chunk({}), "object": "chat.completion", "usage": CHAT_USAGE,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    },
    "gemini-2.5-flash": candidate("Hello", finishReason="STOP"),
    "gpt-5.2-codex": EVENTS["gpt-5.2-codex"][-1]["response"],
}  # fmt: skip

# What a stream must have said before anyone may be told that it is complete; why it ended may be unheard of.
ENDS = {
    "gpt-5-mini": rb'"finish_reason": (?!null)',
    # Behind a reason and the usage only the farewell is missing; a farewell ends a reply without a reason, too.
    "claude-haiku-4.5": rb'"stop_reason": "|"type": "message_stop"',
    "gemini-2.5-flash": rb"finishReason",
    "gpt-5.2-codex": rb"response\.completed",
}


def said(event: Json) -> bytes:
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()


def events(model: str) -> list[bytes]:
    last = [b"data: [DONE]\n\n"] if model == "gpt-5-mini" else []
    return [said(event) for event in EVENTS[model]] + last


def head(kind: str = "text/event-stream", status: str = "200 OK", *more: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"content-type: {kind}", "connection: close", *more, "", ""]).encode()


def stream(parts: Iterable[bytes]) -> list[Step]:
    return [head(), *parts]
