"""A client of the gateway that can hang up, stall, or be told no."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

SECONDS = 1_200


@dataclass
class Heard:
    """An answer, as far as its caller stayed. `status` is 0 where none came."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    left: bool = False
    broken: str = ""

    @property
    def events(self) -> list[Any]:
        said = [line[6:] for line in self.body.split(b"\n") if line.startswith(b"data: {")]
        return [json.loads(line) for line in said if line.endswith(b"}")]

    @property
    def words(self) -> int:
        """Chunks with text in them."""
        return self.body.count(b'"delta":{"content":"') - self.body.count(b'"delta":{"content":""')

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_stream(self) -> bool:
        return "event-stream" in self.headers.get("content-type", "")

    @property
    def error(self) -> dict[str, Any] | None:
        if self.status != 200:
            return self.json["error"] if self.body else None
        return next((event["error"] for event in self.events if "error" in event), None) if self.is_stream else None

    @property
    def saw_the_end(self) -> bool:
        """Whether this caller may believe that the answer is whole."""
        if self.status != 200 or self.left or self.broken or self.error:
            return False
        return self.body.endswith(b"data: [DONE]\n\n") if self.is_stream else self.body.endswith(b"}")

    @property
    def id(self) -> str:
        return str(self.events[0]["id"] if self.is_stream else self.json["id"])


class Caller:
    """Many requests at once, each on a connection of its own."""

    def __init__(self, url: str) -> None:
        self.url = url + "/v1/chat/completions"

    async def __aenter__(self) -> "Caller":
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        self.session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(SECONDS))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()

    async def ask(
        self, secret: str, model: str, text: Any, *, stream: bool = False, leave_after: int | None = None,
        leave_in: float | None = None, headers: dict[str, str] | None = None, into: Heard | None = None, **fields: Any,
    ) -> Heard:  # fmt: skip
        """`leave_after`: hang up once so many words came (0: with the headers); `leave_in`: after so many seconds.
        `into`: where others may watch what is heard."""
        content = {"messages": [{"role": "user", "content": text}]}
        body = {"model": model, **content, "stream": stream, **fields}
        heard = Heard() if into is None else into
        try:
            async with asyncio.timeout(leave_in):
                await self.listen(heard, body, {"authorization": f"Bearer {secret}", **(headers or {})}, leave_after)
        except TimeoutError:
            heard.left = True
        except (aiohttp.ClientError, ConnectionError) as error:
            heard.broken = repr(error)
        return heard

    async def listen(self, heard: Heard, body: Any, headers: dict[str, str], leave_after: int | None) -> None:
        response = await self.session.post(self.url, json=body, headers=headers)
        try:
            heard.status, heard.headers = (
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
            )
            if leave_after == 0:
                heard.left = True
                return
            async for piece in response.content.iter_any():
                heard.body += piece
                if leave_after is not None and heard.words >= leave_after:
                    heard.left = True
                    return
        finally:
            response.close()  # with what was not read: the other side sees a reset

    @asynccontextmanager
    async def opened(self, secret: str, model: str, text: str, **fields: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        """A stream whose reading is the test's own business."""
        body = {"model": model, "messages": [{"role": "user", "content": text}], "stream": True, **fields}
        response = await self.session.post(self.url, json=body, headers={"authorization": f"Bearer {secret}"})
        try:
            yield response
        finally:
            response.close()
