"""Asking a gateway whose upstream babbles, many questions at once; what every answer must be is checked here."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx2 as httpx

from tests.sdk.gateway import Gateway
from tests.sdk.scripted_upstream import ENDS, Babble, Step

LONGEST = 20  # with a busy machine and two retries
AT_ONCE = 16


class Question(NamedTuple):
    """A model, and what its provider is to answer."""

    model: str
    steps: list[Step]
    streamed: bool = True


@dataclass
class Heard:
    status: int
    headers: httpx.Headers
    body: bytes
    booked: dict[str, Any]

    @property
    def is_stream(self) -> bool:
        return "event-stream" in self.headers["content-type"]

    @property
    def chunks(self) -> list[Any]:
        lines = [line[6:] for line in self.body.split(b"\n") if line.startswith(b"data: ")]
        return [json.loads(line) for line in lines if line != b"[DONE]"]

    @property
    def error(self) -> dict[str, Any] | None:
        if self.status != 200:
            error: dict[str, Any] = json.loads(self.body)["error"]
            return error
        return next((chunk["error"] for chunk in self.chunks if "error" in chunk), None) if self.is_stream else None

    @property
    def deltas(self) -> list[dict[str, Any]]:
        return [choice["delta"] for chunk in self.chunks for choice in chunk.get("choices", ())]

    @property
    def text(self) -> str:
        return "".join(delta.get("content") or "" for delta in self.deltas)

    @property
    def finishes(self) -> list[str]:
        if self.status != 200:
            return []
        choices = (
            [choice for chunk in self.chunks for choice in chunk.get("choices", ())]
            if self.is_stream
            else json.loads(self.body)["choices"]
        )
        return [choice["finish_reason"] for choice in choices if choice["finish_reason"]]


def ask(gateway: Gateway, babble: Babble, model: str, steps: list[Step], *, streamed: bool = True) -> Heard:
    (heard,) = ask_all(gateway, babble, [Question(model, steps, streamed)])
    return heard


def ask_all(gateway: Gateway, babble: Babble, questions: list[Question]) -> list[Heard]:
    return asyncio.run(heard_all(gateway, babble, questions))


async def heard_all(gateway: Gateway, babble: Babble, questions: list[Question]) -> list[Heard]:
    some = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=gateway.url, headers=gateway.headers(), timeout=LONGEST) as client:

        async def one(question: Question) -> Heard:
            async with some:
                return await hear(client, gateway, babble, question)

        return await asyncio.gather(*(one(question) for question in questions))


async def hear(client: httpx.AsyncClient, gateway: Gateway, babble: Babble, question: Question) -> Heard:
    words = babble.script(*question.steps)
    asked = {"model": question.model, "messages": [{"role": "user", "content": words}], "stream": question.streamed}
    reply = await client.post("/v1/chat/completions", json=asked)
    id = reply.headers["x-request-id"]
    booked = gateway.one("SELECT to_jsonb(c) FROM inference_completion c WHERE request_id = %s", id)
    heard = Heard(reply.status_code, reply.headers, reply.content, booked)
    check(heard, question.model, b"".join(step for step in question.steps if isinstance(step, bytes)))
    return heard


def check(heard: Heard, model: str, upstream_said: bytes) -> None:
    if heard.error is not None:
        assert set(heard.error) >= {"message", "type", "param", "code"}
        assert heard.error["message"] and heard.error["code"]
        assert heard.finishes == []
    if heard.status != 200:
        assert 400 <= heard.status < 600 and heard.status not in (401, 402, 403)
        assert (heard.booked["charged_cents"], heard.booked["settlement"]) == (0, "none")
    elif heard.is_stream:
        assert heard.body.endswith(b"data: [DONE]\n\n") == (heard.error is None)
        assert heard.error or heard.finishes
    is_plain = b"text/event-stream" in upstream_said and b"content-encoding" not in upstream_said
    if "stop" in heard.finishes and is_plain:  # JSON that parses is whole
        assert re.search(ENDS[model], upstream_said)
