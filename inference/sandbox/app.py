"""The ASGI application: five providers by path, and the sandbox's own `/control` and `/meter`."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

from . import fault_injection as ordering
from .anthropic.wire import Anthropic
from .cache import PromptCache
from .fault_injection import Orders
from .gemini.wire import Gemini
from .http_request import Exchange
from .meter import Meter
from .openai_chat.moonshot import Moonshot
from .openai_chat.openai import OpenAI
from .openai_chat.qwen import Qwen
from .openai_responses.wire import Responses
from .protocol import Incoming, Wire
from .server import Receive, Send

CACHE = PromptCache()
WIRES: list[tuple[re.Pattern[str], Wire]] = [
    (re.compile(r"/openai/v1/chat/completions"), OpenAI()),
    (re.compile(r"/openai/v1/responses"), Responses()),
    (re.compile(r"/anthropic/v1/messages"), Anthropic(CACHE)),
    (
        re.compile(r"/gemini/v1beta/models/(?P<model>[^/:]+):(?P<method>generateContent|streamGenerateContent)"),
        Gemini(),
    ),
    (re.compile(r"/moonshot/v1/chat/completions"), Moonshot()),
    (re.compile(r"/dashscope/compatible-mode/v1/chat/completions"), Qwen(CACHE)),
]


class Sandbox:
    def __init__(self, meter: Meter | None = None, orders: Orders | None = None) -> None:
        self.meter = meter or Meter()
        self.orders, self.times = orders or Orders(), None  # type: Orders, int | None
        self.seen: set[str] = set()
        self.own: dict[tuple[str, str], Callable[[bytes], Any]] = {
            ("GET", "/"): lambda body: {"sandbox": "ok"},
            ("GET", "/control"): lambda body: vars(self.orders),
            ("POST", "/control"): self.control,
            ("GET", "/meter"): lambda body: self.meter.rows(),
            ("GET", "/meter/totals"): lambda body: self.meter.totals(),
            ("DELETE", "/meter"): lambda body: self.meter.reset(),
        }

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await read_body(receive)
        found = find(scope["path"]) if scope["method"] == "POST" else None
        if not found:
            await answer(send, *self.answer_own(scope["method"], scope["path"], body))
            return
        wire, parts = found
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        streams = parts.get("method") == "streamGenerateContent"
        query = scope.get("query_string", b"").decode("latin-1")
        incoming = Incoming(scope["path"], headers, body, query, parts.get("model", ""), streams)
        exchange = Exchange(wire, self.meter, self.base, self.seen, send)
        await run_until_gone(exchange.run(incoming), receive)

    def base(self) -> Orders:
        """The process-wide orders; with `times` they hold for so many requests."""
        if self.times is None:
            return self.orders
        self.times -= 1
        return self.orders if self.times >= 0 else self.orders.without_faults()

    def control(self, body: bytes) -> dict[str, Any]:
        fields = json.loads(body or b"{}")
        self.times = fields.pop("times", None)
        if fields.pop("reset", False):
            self.orders = Orders()
            self.seen.clear()
            CACHE.forget()
        self.orders = ordering.read(fields, self.orders)
        return vars(self.orders)

    def answer_own(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if (method, path) not in self.own:
            return 404, {"error": f"no {method} {path} in the sandbox"}
        try:
            return 200, self.own[method, path](body)
        except (ValueError, AttributeError, TypeError) as fault:
            return 400, {"error": str(fault)}


def find(path: str) -> tuple[Wire, dict[str, str]] | None:
    return next(((wire, found.groupdict()) for pattern, wire in WIRES if (found := pattern.fullmatch(path))), None)


async def read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def run_until_gone(answering: Any, receive: Receive) -> None:
    """Stop answering as soon as the client is gone, also in a pause between words."""
    task = asyncio.ensure_future(answering)

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        task.cancel()

    watching = asyncio.ensure_future(watch())
    try:
        await task
    except asyncio.CancelledError:
        if not watching.done():
            task.cancel()
            raise
    finally:
        watching.cancel()


async def answer(send: Send, status: int, value: Any) -> None:
    body = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
