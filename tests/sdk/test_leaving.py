"""A client that leaves pays for what was made, once."""

import asyncio
import time
from typing import Any

from openai import AsyncOpenAI, OpenAI

from tests.sdk.gateway import Gateway, Sandbox
from tests.ways import both_ways

PACED = [{"role": "user", "content": "say 30 words [[pace=20]]"}]
MODELS = ("gpt-5-mini", "gpt-5.2-codex", "claude-haiku-4.5", "gemini-2.5-flash", "kimi-k2.5", "qwen3-coder")


async def leave_after(client: AsyncOpenAI, model: str, words: int) -> str:
    """The completion's id, known from its first chunk."""
    async with await client.chat.completions.create(model=model, messages=PACED, stream=True) as stream:
        async for chunk in stream:
            words -= bool(chunk.choices[0].delta.content)
            if words <= 0:
                return chunk.id
    raise AssertionError("it ended before")


def settled(gateway: Gateway, ids: list[str], seconds: float = 20) -> list[dict[str, Any]]:
    deadline = time.monotonic() + seconds
    while gateway.one("SELECT count(*) FROM inference_completion WHERE id = ANY(%s)", ids) < len(ids):
        assert time.monotonic() < deadline, "not all were settled"
        time.sleep(0.05)
    return [gateway.completion(id) for id in ids]


def charges_of(gateway: Gateway, id: str) -> list[int]:
    return [
        -cents
        for (cents,) in gateway.rows(
            "SELECT amount_cents FROM credits_credittransaction WHERE reference LIKE %s", f"inference%{id}%"
        )
    ]


@both_ways
async def test_twenty_streams_cut_after_the_first_word_are_each_charged_once_in_full(
    gateway: Gateway, way: str, asynchronous: AsyncOpenAI, sandbox: Sandbox
) -> None:
    leaving = (leave_after(asynchronous, MODELS[number % len(MODELS)], words=1) for number in range(20))
    ids = await asyncio.gather(*leaving)
    rows = settled(gateway, ids)
    metered = {row["request_id"]: row["usage"]["output"] for row in sandbox.meter()}
    assert {row["settlement"] for row in rows} == {"exact"}
    assert [row["output_tokens"] for row in rows] == [metered[row["request_id"]] for row in rows]
    assert [charges_of(gateway, row["id"]) for row in rows] == [[row["charged_cents"]] for row in rows]


@both_ways
async def test_leaving_after_ten_chunks_is_one_entry(gateway: Gateway, way: str, asynchronous: AsyncOpenAI) -> None:
    id = await leave_after(asynchronous, "gemini-2.5-pro", words=10)
    (row,) = settled(gateway, [id])
    assert charges_of(gateway, id) == [row["charged_cents"]] == [1]


@both_ways
async def test_a_json_call_that_is_given_up_is_charged_too(
    gateway: Gateway, way: str, asynchronous: AsyncOpenAI
) -> None:
    before, client = gateway.charges, asynchronous.with_options(timeout=0.2)
    asked = [client.chat.completions.create(model=model, messages=PACED) for model in MODELS]
    replies = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(reply, Exception) for reply in replies)
    deadline = time.monotonic() + 20
    while gateway.charges < before + len(MODELS):
        assert time.monotonic() < deadline, "not all were settled"
        await asyncio.sleep(0.05)
    assert gateway.charges == before + len(MODELS)


def test_a_model_served_instead_is_paid_at_its_own_price(gateway: Gateway, openai: OpenAI) -> None:
    asked = [{"role": "user", "content": "hello [[served=gemini-2.5-flash tokens-in=200000 tokens-out=1000]]"}]
    reply = openai.chat.completions.create(model="gemini-2.5-pro", messages=asked)
    booked = gateway.completion(reply.id)
    assert gateway.one("SELECT model_id FROM inference_price WHERE id = %s", booked["price_id"]) == "gemini-2.5-flash"
    assert booked["charged_cents"] == 9  # 0.2 × 0.30 + 0.001 × 2.50 dollars, times 1.3
    assert booked["alerts"] == ["served:gemini-2.5-flash"]


def test_an_unknown_model_served_instead_costs_what_was_asked_for_and_staff_hear_of_it(
    gateway: Gateway, openai: OpenAI
) -> None:
    asked = [{"role": "user", "content": "hello [[served=gemini-9-flash tokens-in=200000 tokens-out=1000]]"}]
    reply = openai.chat.completions.create(model="gemini-2.5-pro", messages=asked)
    booked = gateway.completion(reply.id)
    assert reply.model == "gemini-9-flash"
    assert gateway.one("SELECT model_id FROM inference_price WHERE id = %s", booked["price_id"]) == "gemini-2.5-pro"
    assert booked["charged_cents"] == 34
    assert "served:gemini-9-flash" in booked["alerts"]
