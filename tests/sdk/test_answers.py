"""The official SDK reads what it would read from OpenAI."""

import asyncio

import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionChunk

from inference.catalog import loading
from tests.sdk.gateway import Gateway

MODELS = tuple(loading.rows())
SIX_WORDS = [{"role": "user", "content": "say 6 words"}]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_answers_json(gateway: Gateway, openai: OpenAI, model: str) -> None:
    reply = openai.chat.completions.create(model=model, messages=SIX_WORDS)
    assert len((reply.choices[0].message.content or "").split()) == 6
    assert (reply.object, reply.choices[0].finish_reason) == ("chat.completion", "stop")
    assert reply.usage and reply.usage.prompt_tokens + reply.usage.completion_tokens == reply.usage.total_tokens
    assert gateway.completion(reply.id)["settlement"] == "exact"


@pytest.mark.parametrize("model", MODELS)
def test_every_model_streams(gateway: Gateway, openai: OpenAI, model: str) -> None:
    chunks = list(openai.chat.completions.create(model=model, messages=SIX_WORDS, stream=True))
    assert len(text_of(chunks).split()) == 6
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
    assert all(chunk.usage is None for chunk in chunks)
    assert gateway.completion(chunks[0].id)["settlement"] == "exact"


def test_the_stream_and_the_whole_say_the_same(openai: OpenAI) -> None:
    whole = openai.chat.completions.create(model="gpt-5-mini", messages=SIX_WORDS)
    chunks = list(
        openai.chat.completions.create(
            model="gpt-5-mini", messages=SIX_WORDS, stream=True, stream_options={"include_usage": True}
        )
    )
    assert text_of(chunks) == whole.choices[0].message.content
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)


def test_usage_says_what_was_charged(gateway: Gateway, openai: OpenAI) -> None:
    reply = openai.chat.completions.create(model="claude-sonnet-4.5", messages=SIX_WORDS)
    assert reply.usage and reply.usage.model_extra
    assert reply.usage.model_extra["charged_cents"] == gateway.completion(reply.id)["charged_cents"] == 1


def test_headers_say_what_it_cost(openai: OpenAI) -> None:
    raw = openai.chat.completions.with_raw_response.create(model="gpt-5.2", messages=SIX_WORDS)
    assert raw.headers["x-conway-charged-cents"] == "1"
    assert float(raw.headers["x-conway-cost-usd"]) > 0
    assert raw.request_id and raw.request_id.startswith("req_")
    assert raw.headers["x-conway-sandbox"] == "true"


async def test_many_at_once_are_answered_each_with_its_own(gateway: Gateway, asynchronous: AsyncOpenAI) -> None:
    async def say(number: int) -> str:
        said = ""
        async for chunk in await asynchronous.chat.completions.create(
            model=MODELS[number % len(MODELS)], messages=[{"role": "user", "content": f"echo {number}"}], stream=True
        ):
            said += text_of([chunk])
        return said

    before = gateway.charges
    replies = await asyncio.gather(*(say(number) for number in range(28)))
    assert all(f"echo {number}" in said for number, said in enumerate(replies))
    assert gateway.charges == before + 28


@pytest.mark.parametrize("stream", [False, True])
def test_two_choices_stay_apart(openai: OpenAI, stream: bool) -> None:
    asked = {"model": "gpt-5.2", "messages": SIX_WORDS, "n": 2, "stream": stream}
    if stream:
        chunks = list(openai.chat.completions.create(**asked))
        parts = [(choice.index, choice.delta.content or "") for chunk in chunks for choice in chunk.choices]
        texts = ["".join(text for index, text in parts if index == one) for one in (0, 1)]
        ends = [choice.index for chunk in chunks for choice in chunk.choices if choice.finish_reason == "stop"]
    else:
        choices = openai.chat.completions.create(**asked).choices
        texts, ends = [choice.message.content or "" for choice in choices], [choice.index for choice in choices]
    assert sorted(ends) == [0, 1]
    assert [len(text.split()) for text in texts] == [6, 6]


@pytest.mark.parametrize("stream", [False, True])
def test_log_probabilities_come_through(openai: OpenAI, stream: bool) -> None:
    wanted = {"logprobs": True, "top_logprobs": 2, "reasoning_effort": "none"}
    reply = openai.chat.completions.create(model="gpt-5.2", messages=SIX_WORDS, stream=stream, **wanted)
    choices = [choice for chunk in reply for choice in chunk.choices] if stream else reply.choices
    odds = [token for choice in choices if choice.logprobs for token in choice.logprobs.content or ()]
    assert [token.bytes for token in odds] == [list(token.token.encode()) for token in odds]
    assert len(odds) == 6


def test_models_are_listed_and_found(openai: OpenAI) -> None:
    listed = {model.id: model for model in openai.models.list()}
    assert set(listed) == set(MODELS)
    assert openai.models.retrieve("claude-haiku-4.5") == listed["claude-haiku-4.5"]
    assert listed["claude-haiku-4.5"].owned_by == "anthropic"
