"""What asking a provider comes to: who asks, how silence and breaks are told, and what is left behind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.upstream import client as upstream
from inference.upstream import outages
from inference.upstream.keys import keys_of
from inference.upstream.providers import PROVIDERS
from tests.inference.upstream.loopback import Line, Provider, chunked, ok, says, serving

Ask = Callable[..., AbstractAsyncContextManager[upstream.Response]]

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 1000\r\n\r\n"
EVENT = b"data: {}\n\n"


@pytest.fixture
def ask(settings: Any) -> Iterator[Ask]:
    """`ask(provider)`: as a dialect does."""

    def ask(
        provider: Provider, name: str = "openai", login: str = ""
    ) -> AbstractAsyncContextManager[upstream.Response]:
        url = f"http://{login}127.0.0.1:{provider.port}"
        settings.PROVIDERS = {name: {"base_url": url, "api_key": "secret", "sandbox": False}}
        return upstream.post(PROVIDERS[name], "/x", b"{}", {"x-request-id": "1"}, stream=True, account=1)

    keys_of.cache_clear()
    yield ask
    keys_of.cache_clear()


@pytest.fixture(autouse=True)
async def closed() -> AsyncIterator[None]:
    yield
    await upstream.close()
    assert not +upstream._open and not +upstream._open_of


async def says_half(line: Line) -> None:
    await line.hear()
    await line.say(HEAD, EVENT)


async def says_half_and_hangs(line: Line) -> None:
    await says_half(line)
    await line.left()


async def hangs(line: Line) -> None:
    await line.left()


async def test_it_says_who_asks_and_wants_nothing_compressed(ask: Ask) -> None:
    async with serving(says(ok(b"{}"))) as provider:
        async with ask(provider) as response:
            assert await response.read() == b"{}"
        lines = provider.heard[0].lower().split(b"\r\n")
        wanted = {b"accept-encoding: identity", b"user-agent: conway-inference", b"accept: */*", b"x-request-id: 1",
                  b"content-type: application/json", b"authorization: bearer secret", b"content-length: 2"}  # fmt: skip
        assert wanted <= set(lines)


async def test_an_address_may_say_how_to_be_let_in(ask: Ask) -> None:
    async with serving(says(ok(b"{}"))) as provider:
        async with ask(provider, "anthropic", "me:s%40crt@") as response:
            await response.read()
        lines = provider.heard[0].lower().split(b"\r\n")
        host = b"host: 127.0.0.1:%d" % provider.port
        assert {b"authorization: basic bwu6c0bjcnq=", b"x-api-key: secret", host} <= set(lines)  # me:s@crt


@pytest.mark.parametrize(
    ("answer", "seconds", "code"),
    [(says_half, 60, "upstream_truncated"), (says_half_and_hangs, 0.1, "upstream_timeout")],
)
async def test_a_break_and_a_silence_come_after_what_was_said(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, answer: Any, seconds: float, code: str
) -> None:
    monkeypatch.setattr(upstream, "BETWEEN_BYTES_SECONDS", seconds)
    got = b""
    async with serving(answer) as provider:
        async with ask(provider) as response:
            with pytest.raises(upstream.Broken) as broken:
                async for read in response:
                    got += read
        assert (got, broken.value.code) == (EVENT, code)
        await provider.is_left()
    await asyncio.sleep(0)  # whose silence it was is not cancelled again


async def test_an_answer_that_never_begins_may_have_been_made_so_it_is_not_asked_for_again(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "FIRST_BYTE_SECONDS", 0.1)
    async with serving(hangs) as provider:
        with pytest.raises(ProviderError) as fault:
            async with ask(provider):
                pass
        assert (fault.value.code, fault.value.meaning.retries) == ("upstream_timeout", 0)
        await provider.is_left()


async def test_a_provider_that_cannot_be_reached_may_be_asked_again(ask: Ask) -> None:
    async with serving(hangs) as provider:
        pass
    with pytest.raises(ProviderError) as fault:
        async with ask(provider):
            pass
    assert (fault.value.code, fault.value.meaning.retries) == ("upstream_unreachable", 2)


async def test_a_kept_connection_that_is_hung_up_as_it_is_used_is_no_failure(ask: Ask) -> None:
    """Each connection answers once and hangs up where it hears more, as a server whose time for idle ones is up."""

    async def answer(line: Line) -> None:
        await line.hear()
        await line.say(ok(b"{}"))
        await line.reader.read(1)

    async with serving(answer) as provider:
        for number in range(1, 4):
            async with ask(provider) as response:
                assert await response.read() == b"{}"
            assert provider.lines == len(provider.heard) == number


async def test_a_request_that_a_kept_connection_may_have_heard_is_not_sent_again_by_itself(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "STALE_SECONDS", 0.05)

    async def answer(line: Line) -> None:
        await line.hear()
        await line.say(ok(b"{}"))
        await line.hear()
        await asyncio.sleep(0.1)  # it works, and breaks

    async with serving(answer) as provider:
        async with ask(provider) as response:
            await response.read()
        with pytest.raises(ProviderError) as fault:
            async with ask(provider):
                pass
        assert (fault.value.code, len(provider.heard)) == ("upstream_unreachable", 2)


async def test_what_is_no_http_is_an_answer_that_nobody_understands_and_not_asked_for_again(ask: Ask) -> None:
    async with serving(says(b"<html>", then_hang_up=True)) as provider:
        with pytest.raises(ProviderError) as fault:
            async with ask(provider):
                pass
        assert (fault.value.code, fault.value.meaning.retries) == ("bad_upstream_response", 0)


BUSY = b"HTTP/1.1 429 Busy\r\nretry-after: 7\r\n"


@pytest.mark.parametrize(
    ("parts", "most"),
    [
        ((BUSY + b"content-length: 200000\r\n\r\n" + b"x" * 200_000,), b"x" * upstream.ERROR_BODY_BYTES),
        ((BUSY + b"content-length: 200000\r\n\r\n", b"begun"), b"begun"),
        ((BUSY + b"transfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n", b"no size\r\n"), b"begun"),
        ((BUSY + b"content-length: 2\r\ncontent-encoding: zorp\r\n\r\nxx",), b""),
        ((BUSY + b"\r\n",), b""),
    ],
    ids=["endless", "cut", "garbled", "in no coding", "nothing"],
)
async def test_an_error_is_what_its_status_says_whatever_becomes_of_its_body(
    ask: Ask, parts: tuple[bytes, ...], most: bytes
) -> None:
    async with serving(says(parts, then_hang_up=True)) as provider, ask(provider) as response:
        assert (response.status, response.headers["retry-after"]) == (429, "7")
        assert await response.read_error() == most


async def test_an_error_whose_body_does_not_end_is_not_waited_for(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "ERROR_BODY_SECONDS", 0.1)

    async def answer(line: Line) -> None:
        await line.hear()
        await line.say(BUSY + b"\r\n", b"begun")
        await line.left()

    async with serving(answer) as provider:
        async with ask(provider) as response:
            assert await response.read_error() == b"begun"
        await provider.is_left()


async def test_why_a_provider_could_not_be_asked_is_in_the_log_once(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outages, "_told", {})
    async with serving(hangs) as provider:
        pass
    for _ in range(3):
        with pytest.raises(ProviderError):
            async with ask(provider, login="me:s%40crt@"):
                pass
    (told,) = [record.getMessage() for record in caplog.records if record.name == outages.__name__]
    assert told.startswith("openai gives no answer: ConnectError") and "s%40crt" not in told and "secret" not in told


async def test_who_stops_reading_leaves_neither_connection_nor_timer_nor_task(ask: Ask) -> None:
    tasks = asyncio.all_tasks()
    async with serving(says_half_and_hangs) as provider:
        async with ask(provider) as response:
            assert await response.is_stream()
            async for _ in response:
                break
        assert response.received.patience.timer is None or response.received.patience.timer.cancelled()
        await provider.is_left()
        await asyncio.sleep(0.01)
    assert asyncio.all_tasks() - tasks <= {task for task in asyncio.all_tasks() if task.done()}


async def test_reading_makes_no_task_and_two_timers(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many reads there are: until the first byte, and between bytes."""
    loop, made, timed = asyncio.get_running_loop(), list[Any](), list[Any]()
    call_at, create_task = loop.call_at, loop.create_task

    def at(when: float, callback: Any, *given: Any, **more: Any) -> Any:
        timed.append(getattr(callback, "__qualname__", ""))
        return call_at(when, callback, *given, **more)

    def task(*given: Any, **more: Any) -> Any:
        made.append(given)
        return create_task(*given, **more)

    parts = (HEAD.replace(b"1000", b"%d" % len(EVENT * 40)), *[EVENT] * 40)
    async with serving(says(parts)) as provider, ask(provider) as response:
        monkeypatch.setattr(loop, "call_at", at, raising=False)
        monkeypatch.setattr(loop, "create_task", task, raising=False)
        assert await response.read() == EVENT * 40
    assert (made, timed.count("IdleTimeout.look")) == ([], 2)


async def test_what_came_at_once_is_read_at_once(ask: Ask) -> None:
    async with serving(says(chunked(*[EVENT] * 100))) as provider, ask(provider) as response:
        reads = [read async for read in response]
        assert b"".join(reads) == EVENT * 100
        assert len(reads) <= 3
