"""The life of one request: admitted, perhaps refused, answered word by word, and metered whatever happens."""

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from . import fault_injection as ordering
from .fault_injection import Orders
from .meter import CLIENT, CUT, FINISHED, REFUSED, Meter
from .neutral_request import Ask, Usage
from .protocol import Incoming, Wire
from .refusals import RawAnswer, Refused
from .replies import Reply, write
from .server import Dropped, Send

BAD_BYTES = b"\x00\xff{not json\xfe <<<"
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr></body></html>\r\n"


class Exchange:
    def __init__(self, wire: Wire, meter: Meter, base: Callable[[], Orders], seen: set[str], send: Send) -> None:
        self.wire, self.meter, self.base, self.seen, self.send = wire, meter, base, seen, send

    async def run(self, incoming: Incoming) -> None:
        self.entry = self.meter.open(self.wire.provider, incoming.path, incoming.headers.get("x-request-id"))
        ended = CLIENT
        try:
            ended = await self.answer(incoming)
        except Refused as refused:
            ended = REFUSED
            await self.refuse(refused)
        except RawAnswer as raw:
            ended, self.entry.status = REFUSED, raw.status
            await self.respond(raw.status, raw.content_type, raw.body)
        except Dropped:
            ended = CUT
            raise
        finally:
            self.meter.close(self.entry, ended)

    async def answer(self, incoming: Incoming) -> str:
        self.wire.authenticate(incoming.headers)
        body = self.parsed(incoming.body)
        self.entry.streamed = incoming.stream or (isinstance(body, dict) and body.get("stream") is True)
        ask = self.wire.read(body, incoming)
        self.entry.model, self.entry.user = ask.model, ask.user
        ask, orders = self.ordered(ask, incoming.body)
        await asyncio.sleep(orders.first_byte)
        self.raise_faults(orders, ask.model)
        reply = write(ask, orders, hashlib.sha256(incoming.body).hexdigest())
        if self.wire.free_refusals and reply.is_bare_refusal:
            reply = replace(reply, billed=Usage())
        self.entry.model = reply.model
        ask.once_served()
        return await (self.stream(reply, orders) if ask.stream else self.give_whole(reply, orders))

    def parsed(self, body: bytes) -> Any:
        try:
            return json.loads(body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise self.wire.not_json() from None

    def ordered(self, ask: Ask, body: bytes) -> tuple[Ask, Orders]:
        prompt, orders = ordering.split(ask.prompt, self.base())
        if orders.once:
            digest = hashlib.sha256(body).hexdigest()
            orders = orders.without_faults() if digest in self.seen else orders
            self.seen.add(digest)
        return replace(ask, prompt=prompt), orders

    def raise_faults(self, orders: Orders, model: str) -> None:
        if orders.has_gone(model):
            raise self.wire.fault(404)
        if orders.html:
            raise RawAnswer(502, "text/html", HTML)
        if orders.quota:
            raise self.wire.quota()
        if orders.refuse is not None and (blocked := self.wire.blocked()):
            raise blocked
        if orders.status:
            refused = self.wire.fault(orders.status)
            refused.headers |= {"retry-after": orders.retry_after} if orders.retry_after else {}
            raise refused

    async def stream(self, reply: Reply, orders: Orders) -> str:
        await self.start(200, "text/event-stream")
        words = 0
        for frame in self.wire.frames(reply):
            await self.interrupt(orders, words)
            if frame.words and orders.pace:
                await asyncio.sleep(frame.words * orders.pace / 1000)
            await self.push(frame.data)
            self.entry.serve(reply.billed, frame.tokens)
            words += frame.words
        return await self.finish(reply)

    async def interrupt(self, orders: Orders, words: int) -> None:
        """Stand still, fail or break off once so many words are out."""
        if orders.garbage is not None and words >= orders.garbage:
            await self.push(b"data: " + BAD_BYTES + b"\n\n")
            raise Dropped
        if orders.error is not None and words >= orders.error:
            await self.push(self.wire.error_frame(self.entry.serial))
            await self.push(b"", more=False)
            raise Dropped
        if orders.cut is not None and words >= orders.cut:
            raise Dropped
        if orders.hang is not None and words >= orders.hang:
            await asyncio.Event().wait()

    async def give_whole(self, reply: Reply, orders: Orders) -> str:
        body = json.dumps(self.wire.whole(reply), ensure_ascii=False).encode()
        await self.generate(reply, orders)
        if orders.error is not None:
            raise self.wire.fault(500)
        if orders.garbage is not None:
            raise RawAnswer(200, "application/json", BAD_BYTES)
        if orders.hang is not None:
            await asyncio.Event().wait()
        await self.start(200, "application/json", len(body))
        if orders.cut is not None:
            await self.push(body[: len(body) // 2])
            raise Dropped
        await self.push(body, more=False)
        return await self.finish(reply)

    async def generate(self, reply: Reply, orders: Orders) -> None:
        """A JSON reply takes as long as its stream would; who leaves meanwhile has used what was made so far."""
        if not orders.pace:
            return
        for frame in self.wire.frames(reply):
            if frame.words:
                await asyncio.sleep(frame.words * orders.pace / 1000)
            self.entry.serve(reply.billed, frame.tokens)

    async def finish(self, reply: Reply) -> str:
        self.entry.settle(reply.billed)
        if self.entry.streamed:
            await self.push(b"", more=False)
        return FINISHED

    async def refuse(self, refused: Refused) -> None:
        self.entry.status = refused.status
        content_type, body = self.wire.error(refused, self.entry.serial, self.entry.streamed)
        await self.respond(refused.status, content_type, body, refused.headers)

    async def respond(self, status: int, content_type: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        await self.start(status, content_type, len(body), headers)
        await self.push(body, more=False)

    async def start(
        self, status: int, content_type: str, size: int | None = None, more: dict[str, str] | None = None
    ) -> None:
        headers = {"content-type": content_type, **self.wire.headers(self.entry.serial), **(more or {})}
        if size is not None:
            headers["content-length"] = str(size)
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": encoded})

    async def push(self, data: bytes, *, more: bool = True) -> None:
        await self.send({"type": "http.response.body", "body": data, "more_body": more})


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
