"""An answer goes straight to the client's socket where the server offers that, and by ASGI's messages elsewhere: the
client sees no difference, however it reads and whenever it leaves.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from inference.billing import settlement
from inference.completion import handler, task
from inference.models import Completion
from inference.sse import KEEP_ALIVE
from inference.upstream import client as upstream
from tests.inference.conftest import Sandbox
from tests.inference.served_request import ServedRequest

Run = Callable[[Coroutine[Any, Any, Any]], Any]

WORDS = 60
WAYS = pytest.mark.parametrize("straight", [True, False], ids=["straight", "by ASGI"])
ASKS: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "say 20 words [[pace=5]]"}]},
    "/v1/messages": {"messages": [{"role": "user", "content": "say 20 words [[pace=5]]"}], "max_tokens": 1000},
    "/v1/responses": {"input": "say 20 words [[pace=5]]"},
}
VARYING = re.compile(rb"[0-9a-f]{20,}|\d{10}|\"id\":\"[^\"]*\"|\"obfuscation\":\"[^\"]*\"")
NUMBERED = (b"x-request-id", b"x-conway-upstream-id", b"request-id", b"x-conway-balance-cents", b"content-length")


def asked(key: str, text: str, *, straight: bool) -> ServedRequest:
    turn = [{"role": "user", "content": text}]
    return ServedRequest(key, straight=straight, model="gpt-5-nano", messages=turn, stream=True)


@pytest.fixture
def answered(run: Run) -> Callable[[ServedRequest], ServedRequest]:
    async def story(request: ServedRequest) -> ServedRequest:
        await request.answered()
        await settled()
        return request

    return lambda request: run(story(request))


async def settled() -> None:
    while task.running:
        await asyncio.sleep(0.01)
    await upstream.close()


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("path", ASKS)
def test_the_client_hears_the_same_either_way(
    key: str, sandbox: Sandbox, answered: Callable[..., ServedRequest], path: str, stream: bool
) -> None:
    heard = []
    for straight in (True, False):
        request = answered(ServedRequest(key, path, straight=straight, model="gpt-5-nano", stream=stream, **ASKS[path]))
        assert (request.start["status"], request.is_over) == (200, True)
        headers = [(name, None if name in NUMBERED else value) for name, value in request.start["headers"]]
        heard.append((headers, VARYING.sub(b"", request.said)))
        assert bool(request.written) == (straight and stream)
    assert heard[0] == heard[1]


def test_words_go_straight_and_the_server_is_asked_for_the_beginning_and_the_end(
    key: str, sandbox: Sandbox, answered: Callable[..., ServedRequest]
) -> None:
    request = answered(asked(key, f"say {WORDS} words [[pace=5]]", straight=True))
    assert len(request.text.split()) == WORDS
    assert request.sent <= 4
    assert request.said.endswith(b"data: [DONE]\n\n")


@WAYS
def test_the_end_waits_for_the_books(
    key: str, sandbox: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch, straight: bool
) -> None:
    settle, may_settle = settlement.settle, asyncio.Event()

    async def late(entry: Any) -> Any:
        await may_settle.wait()
        return await settle(entry)

    monkeypatch.setattr(settlement, "settle", late)

    async def story() -> None:
        request = asked(key, "say 20 words [[pace=5]]", straight=straight)
        answering = asyncio.create_task(request.answered())
        while not request.start or len(request.text.split()) < 20:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert not request.is_over and b"[DONE]" not in request.said and b'"stop"' not in request.said
        may_settle.set()
        await answering
        await settled()
        assert request.is_over and request.said.endswith(b"data: [DONE]\n\n") and b'"stop"' in request.said

    run(story())


def test_a_slow_reader_gets_all_in_order_and_is_written_to_straight_again(
    key: str, sandbox: Sandbox, answered: Callable[..., ServedRequest]
) -> None:
    """It stops thrice, for as long as the provider says some ten words."""
    stops = {10, 20, 30}

    def stop(request: ServedRequest) -> None:
        if request.written in stops:
            stops.remove(request.written)
            request.takes_more.clear()
            asyncio.get_running_loop().call_later(0.1, request.takes_more.set)

    request = asked(key, f"say {3 * WORDS} words [[pace=10]]", straight=True)
    request.before_write = stop
    answered(request)
    plain = answered(asked(key, f"say {3 * WORDS} words", straight=False))
    assert not stops
    assert request.written > 31
    assert request.text == plain.text


def test_a_reader_that_stops_keeps_the_provider_waiting_and_holds_little(
    key: str, sandbox: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.completion.channel.MOST_BYTES", 2000)

    async def story() -> None:
        request = asked(key, "say 2000 words", straight=True)
        request.takes_more.clear()  # from its first piece on
        answering = asyncio.create_task(request.answered())
        while not task.running:
            await asyncio.sleep(0.01)
        (completion,) = task.running.values()
        channel = completion.delivery.channel
        while not request.sent or channel.size <= 2000:
            await asyncio.sleep(0.01)
        held = channel.size
        await asyncio.sleep(0.2)
        assert channel.size == held and not completion.state.ended
        request.takes_more.set()
        await answering
        await settled()
        assert len(request.text.split()) == 2000

    run(story())


@WAYS
@pytest.mark.parametrize("begun", [True, False], ids=["in its stream", "before the first word"])
def test_a_client_that_leaves_is_noticed_at_once(
    key: str, sandbox: Sandbox, run: Run, straight: bool, begun: bool
) -> None:
    async def story() -> None:
        text = "say 200 words [[pace=20]]" if begun else "say 20 words [[first-byte=0.5]]"
        request = asked(key, text, straight=straight)
        answering = asyncio.create_task(request.answered())
        while not (len(request.heard) > 5 if begun else task.running):
            await asyncio.sleep(0.01)
        request.leave()
        await asyncio.wait((answering,))
        (completion,) = task.running.values()
        assert completion.state.client_left and completion.delivery.channel.abandoned
        heard = len(request.heard)
        await settled()
        assert len(request.heard) == heard

    run(story())
    assert (Completion.objects.get().ending, Completion.objects.get().settlement) == ("client_left", "exact")


@WAYS
def test_a_silence_between_two_words_is_filled(
    key: str, sandbox: Sandbox, answered: Callable[..., ServedRequest], monkeypatch: pytest.MonkeyPatch, straight: bool
) -> None:
    monkeypatch.setattr(handler, "SILENCE_SECONDS", 0.2)
    request = answered(asked(key, "say 3 words [[pace=700]]", straight=straight))
    assert request.said.count(KEEP_ALIVE) >= 3
    assert len(request.text.split()) == 3


@WAYS
def test_there_is_no_silence_while_words_come(
    key: str, sandbox: Sandbox, answered: Callable[..., ServedRequest], monkeypatch: pytest.MonkeyPatch, straight: bool
) -> None:
    """Longer than the patience with a silence, from the first word to the last."""
    monkeypatch.setattr(handler, "SILENCE_SECONDS", 2)
    request = answered(asked(key, "say 50 words [[pace=60]]", straight=straight))
    assert KEEP_ALIVE not in request.said
