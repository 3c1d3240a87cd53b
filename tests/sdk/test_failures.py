"""What goes wrong is told in the SDK's own exceptions, and retried only where that helps."""

import time
from typing import Any

import httpx2 as httpx
import pytest
from openai import APIError, APIStatusError, AsyncOpenAI, OpenAI, RateLimitError

from tests.sdk.gateway import Gateway, Sandbox

HELLO = [{"role": "user", "content": "hello"}]


def ordered(orders: str) -> list[dict[str, str]]:
    """A message that makes the sandbox misbehave."""
    return [{"role": "user", "content": f"say 30 words [[{orders}]]"}]


def refused(client: OpenAI, **asked: Any) -> APIStatusError:
    with pytest.raises(APIStatusError) as caught:
        client.chat.completions.create(**{"model": "gpt-5-mini", "messages": HELLO, **asked})
    return caught.value


def summary(error: APIStatusError) -> tuple[int, str | None, str | None]:
    return error.status_code, error.code, error.type


@pytest.mark.parametrize("stream", [False, True])
def test_400_names_what_is_wrong(openai: OpenAI, stream: bool) -> None:
    error = refused(openai, messages=[], stream=stream)
    assert summary(error) == (400, "missing_required_parameter", "invalid_request_error")
    assert (error.param, error.body["message"]) == ("messages", "Missing required parameter: 'messages'.")  # type: ignore[index]


@pytest.mark.parametrize("key", ["revoked", "expired", "cnwy_k_" + "x" * 32])
def test_401_is_for_keys_that_are_not_good(gateway: Gateway, key: str) -> None:
    error = refused(gateway.client(key))
    assert summary(error) == (401, "invalid_api_key", "authentication_error")
    assert error.response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("stream", [False, True])
def test_402_says_what_there_is_and_what_is_needed(gateway: Gateway, stream: bool) -> None:
    error = refused(gateway.client("bob"), stream=stream)
    assert summary(error) == (402, "insufficient_credits", "insufficient_quota")
    assert "Insufficient credits" in error.message
    assert error.body["available_cents"] == 0 and error.body["needed_cents"] >= 10  # type: ignore[index,call-overload]
    assert error.response.json()["detail"].startswith("Minimum balance of 10 cents required. Current balance: 0 cents.")


def test_404_lists_the_models_there_are(openai: OpenAI) -> None:
    error = refused(openai, model="gpt-7")
    assert summary(error) == (404, "model_not_found", "invalid_request_error")
    assert "qwen3-coder" in error.message
    with pytest.raises(APIStatusError) as caught:
        openai.models.retrieve("gpt-7")
    assert summary(caught.value) == (404, "model_not_found", "invalid_request_error")


def test_403_is_for_models_a_key_may_not_use(gateway: Gateway) -> None:
    assert summary(refused(gateway.client("choosy"), model="gpt-5.2"))[:2] == (403, "model_not_allowed")


def test_413_is_for_bodies_larger_than_any(gateway: Gateway) -> None:
    body = b'{"model": "gpt-5-mini", "messages": "' + b"x" * 40_000_000 + b'"}'
    reply = httpx.post(gateway.url + "/v1/chat/completions", content=body, headers=gateway.headers(), timeout=30)
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "request_too_large")


def test_429_is_for_keys_used_too_often(gateway: Gateway) -> None:
    """Once a minute, and a new minute may have begun in between."""
    client = gateway.client("slow")
    with pytest.raises(RateLimitError) as caught:
        for _ in range(3):
            client.chat.completions.create(model="gpt-5-mini", messages=HELLO)
    assert summary(caught.value) == (429, "rate_limit_exceeded", "rate_limit_error")
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60


@pytest.mark.parametrize("stream", [False, True])
def test_503_about_our_own_key_is_not_retried(gateway: Gateway, sandbox: Sandbox, stream: bool) -> None:
    before = len(sandbox.meter())
    error = refused(gateway.client(max_retries=2), messages=ordered("status=401"), stream=stream)
    assert summary(error) == (503, "provider_auth_failed", "server_error")
    assert error.response.headers["x-should-retry"] == "false"
    assert len(sandbox.meter()) == before + 1


def test_429_of_the_provider_is_retried_when_it_says(gateway: Gateway, sandbox: Sandbox) -> None:
    before, begun = len(sandbox.meter()), time.monotonic()
    reply = gateway.client(max_retries=2).chat.completions.create(
        model="claude-haiku-4.5", messages=ordered("status=429 retry-after=3 once")
    )
    assert reply.choices[0].message.content
    assert len(sandbox.meter()) == before + 2  # longer than the gateway waits itself: the SDK waited
    assert time.monotonic() - begun > 2


def test_what_heals_at_once_the_caller_never_sees(gateway: Gateway, openai: OpenAI, sandbox: Sandbox) -> None:
    before = gateway.charges
    for model, status in {
        "gpt-5-mini": 503,
        "claude-haiku-4.5": 529,
        "gemini-2.5-flash": 503,
        "kimi-k2.5": 500,
    }.items():
        assert openai.chat.completions.create(model=model, messages=ordered(f"status={status} once"), stream=False)
    assert gateway.charges == before + 4


@pytest.mark.parametrize(
    "model", ["gpt-5.2", "gpt-5.2-codex", "claude-haiku-4.5", "gemini-2.5-flash", "kimi-k2.5", "qwen3-coder"]
)
@pytest.mark.parametrize("order", ["error=5", "cut=5", "garbage=5"])
def test_a_stream_that_breaks_raises_and_never_looks_finished(
    gateway: Gateway, openai: OpenAI, model: str, order: str
) -> None:
    finishes, words = [], ""
    with pytest.raises(APIError) as caught:
        for chunk in openai.chat.completions.create(model=model, messages=ordered(order), stream=True):
            finishes += [choice.finish_reason for choice in chunk.choices if choice.finish_reason]
            words += "".join(choice.delta.content or "" for choice in chunk.choices)
    assert finishes == []
    assert caught.value.code
    booked = gateway.last
    assert booked["settlement"] == "estimated" and booked["output_tokens"] > 0


async def test_the_asynchronous_client_hears_of_it_too(asynchronous: AsyncOpenAI) -> None:
    with pytest.raises(APIError):
        async for _ in await asynchronous.chat.completions.create(
            model="gpt-5.2", messages=ordered("cut=3"), stream=True
        ):
            pass
    with pytest.raises(APIStatusError) as caught:
        await asynchronous.chat.completions.create(model="gpt-7", messages=HELLO)
    assert caught.value.status_code == 404
