"""What only bytes and a clock can say: answers that come compressed, a wait that is a date."""

import gzip
import json
import zlib
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from inference.api import chat
from inference.completion import handler
from inference.upstream import client as upstream
from tests.cases.answer import Json, seen
from tests.cases.conftest import PROVIDERS
from tests.sdk.scripted_upstream import EVENTS, WHOLE, Babble, events, head

MODELS = tuple(EVENTS)
Ask = Callable[..., Json]
PACKED = {
    "gzip": ("content-encoding: gzip", gzip.compress),
    "deflate": ("content-encoding: deflate", zlib.compress),
    "raw deflate": ("content-encoding: deflate", lambda data: zlib.compress(data, wbits=-15)),
    "gzip unsaid": ("x-nothing: 1", gzip.compress),
}


@pytest.fixture(scope="session")
def babble() -> Iterator[Babble]:
    provider = Babble()
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture
def ask(babble: Babble, key: str, settings: Any, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> Ask:
    """The status, the answer and its headers."""
    url = f"http://127.0.0.1:{babble.port}"
    settings.PROVIDERS = {name: {"base_url": url, "api_key": "key", "sandbox": True} for name in PROVIDERS}

    def ask(model: str, *steps: Any, stream: bool) -> Json:
        async def once() -> Json:
            body = {"model": model, "messages": [{"role": "user", "content": babble.script(*steps)}], "stream": stream}
            try:
                answer = await handler.complete(chat, {"authorization": f"Bearer {key}"}, json.dumps(body).encode())
                whole = (
                    answer.body if isinstance(answer.body, bytes) else b"".join([piece async for piece in answer.body])
                )
                return {**seen(answer.status, answer.headers, whole), "headers": answer.headers}
            finally:
                await upstream.close()

        return run(once())  # type: ignore[no-any-return]

    return ask


@pytest.mark.parametrize("how", PACKED)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_a_compressed_answer_is_read(ask: Ask, model: str, stream: bool, how: str) -> None:
    header, pack = PACKED[how]
    kind = "text/event-stream" if stream or model not in WHOLE else "application/json"
    said = b"".join(events(model)) if kind == "text/event-stream" else json.dumps(WHOLE[model]).encode()
    packed = pack(said)
    halves = [packed[:20], packed[20:]]  # the head of a compressed body tells nothing yet
    assert ask(model, head(kind, "200 OK", header), *halves, stream=stream)["text"] == "Hello"


@pytest.mark.parametrize("model", MODELS)
def test_a_compressed_error_keeps_its_words(ask: Ask, model: str) -> None:
    body = gzip.compress(b'{"error": {"message": "no such city"}}')
    told = ask(model, head("application/json", "400 Bad", "content-encoding: gzip"), body, stream=False)
    assert (told["status"], told["error"]["message"]) == (400, "no such city")


@pytest.mark.parametrize("coding", ["br", "zorp", "gzip"])
def test_what_cannot_be_decoded_is_a_bad_answer(ask: Ask, coding: str) -> None:
    told = ask("gpt-5-mini", head("application/json", "200 OK", f"content-encoding: {coding}"), b"\0\1\2", stream=False)
    assert (told["status"], told["error"]["code"]) == (502, "bad_upstream_response")


def test_a_body_that_grows_without_end_is_given_up(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "JSON_BODY_BYTES", 10_000)
    packed = gzip.compress(b"{" + b" " * 1_000_000)
    read = upstream.Response.read
    monkeypatch.setattr(upstream.Response, "read", lambda self, most=10_000: read(self, most))
    told = ask("gpt-5-mini", head("application/json", "200 OK", "content-encoding: gzip"), packed, stream=False)
    assert (told["status"], told["error"]["code"]) == (502, "bad_upstream_response")


@pytest.mark.parametrize("model", MODELS)
def test_a_wait_that_is_a_date_is_kept_and_passed_on(ask: Ask, babble: Babble, model: str) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    before = len(babble.asked)
    body = b'{"error": {"type": "rate_limit_error", "message": "slow", "status": "RESOURCE_EXHAUSTED"}}'
    told = ask(model, head("application/json", "429 Slow", f"retry-after: {until}"), body, stream=False)
    assert told["status"] == 429
    assert 50 <= int(told["headers"]["retry-after"]) <= 61
    assert len(babble.asked) == before + 1
