"""Connections to the providers: which are kept, who waits how long, and what leaving and reading slowly do to them."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from inference.upstream import wire as wires
from inference.upstream.routes import Stale
from inference.upstream.wire import MOST_BETWEEN, MOST_UNREAD, Connection, Wire
from tests.inference.upstream.certificates import certificate, showing, trusting
from tests.inference.upstream.loopback import (
    LINES,
    Answer,
    Ear,
    Line,
    asked,
    chunked,
    hangs,
    is_deaf,
    is_mute,
    ok,
    post,
    read,
    says,
    serving,
)

MB = 2**20


# Connections kept


async def test_requests_after_each_other_share_a_connection(wire: Wire) -> None:
    async with serving(says(ok(b"one"), chunked(b"t", b"wo"), ok(b""))) as provider:
        assert await asked(wire, provider.url(), 3) == [b"one", b"two", b""]
        assert provider.lines == 1


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"x", b"connection: close"),
        b"HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxy",  # one byte more than it said
        ok(b"x") + ok(b"not asked for"),
    ],
    ids=["close", "HTTP/1.0", "longer than said", "two answers"],
)
async def test_a_connection_that_is_not_to_be_trusted_takes_no_other_request(wire: Wire, answer: bytes) -> None:
    async with serving(says(answer)) as provider:
        assert await asked(wire, provider.url(), 2) == [b"x", b"x"]
        assert provider.lines == 2


async def test_what_comes_on_an_idle_connection_answers_nobody(wire: Wire) -> None:
    async def answer(line: Line) -> None:
        await line.hear()
        await line.say(ok(b"right"), ok(b"wrong"))
        await line.left()

    async with serving(answer) as provider:
        assert await asked(wire, provider.url()) == [b"right"]
        await provider.is_left()
        assert await asked(wire, provider.url()) == [b"right"]


async def test_a_connection_that_the_provider_closed_is_not_used_again(wire: Wire) -> None:
    async with serving(says(ok(b"x"), then_hang_up=True)) as provider:
        assert await asked(wire, provider.url()) == [b"x"]
        while any(wire.idle.values()):
            await asyncio.sleep(0.005)
        assert await asked(wire, provider.url()) == [b"x"]


async def test_a_request_that_meets_the_providers_closing_is_not_sent_twice(wire: Wire) -> None:
    """It may have been carried out: who asked decides."""

    async def answer(line: Line) -> None:
        await line.hear()
        await line.say(ok(b"x"))
        await line.hear()

    async with serving(answer) as provider:
        await asked(wire, provider.url())
        with pytest.raises(Stale):
            await asked(wire, provider.url())
        assert (len(provider.heard), provider.lines) == (2, 1)


@pytest.mark.parametrize("begun", [b"", b"H", LINES, b"HTTP/1.1 100 Continue\r\n\r\n", ok(b"hello")[:-1]])
async def test_only_a_kept_connection_that_said_nothing_is_stale(wire: Wire, begun: bytes) -> None:
    async def answer(line: Line) -> None:
        await line.hear()
        await line.say(b"" if has_answered else ok(b"x"))
        if not has_answered:
            await line.hear()
        await line.say(begun)

    async with serving(answer) as provider:
        for has_answered in (False, True):  # kept, new
            if not has_answered:
                await asked(wire, provider.url())
            with pytest.raises(httpx.TransportError) as broken:
                await asked(wire, provider.url())
            assert isinstance(broken.value, Stale) is (begun == b"" and not has_answered)


async def test_an_idle_connection_is_closed_after_a_while(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "KEPT_SECONDS", 0.05)
    async with serving(says(ok(b"x"))) as provider:
        await asyncio.gather(*[asked(wire, provider.url()) for _ in range(3)])
        await provider.is_left()
        while any(wire.idle.values()):
            await asyncio.sleep(0.005)
        assert wire.sweeping is None


# Time


@pytest.mark.parametrize(
    ("answer", "scheme", "timeouts", "late"),
    [
        (is_mute, "https", {"connect": 0.05}, httpx.ConnectTimeout),
        (is_mute, "http", {"read": 0.05}, httpx.ReadTimeout),
        (hangs, "http", {"read": 0.05}, httpx.ReadTimeout),
        (is_deaf, "http", {"write": 0.05}, httpx.WriteTimeout),
    ],
    ids=["TLS", "head", "body", "request"],
)
async def test_who_is_late_is_given_up(
    wire: Wire, answer: Answer, scheme: str, timeouts: dict[str, float], late: type[Exception]
) -> None:
    async with serving(answer) as provider:
        with pytest.raises(late):
            await read(await wire.handle_async_request(post(provider.url(scheme), b" " * 16 * MB, **timeouts)))


async def test_a_provider_that_refuses_is_no_connection(wire: Wire) -> None:
    async with serving(is_mute) as provider:
        pass
    with pytest.raises(httpx.ConnectError):
        await asked(wire, provider.url())
    with pytest.raises(httpx.ConnectError):
        await asked(wire, "http://nowhere.invalid/x")


async def test_an_answer_that_comes_before_the_request_is_out_counts(wire: Wire) -> None:
    async def answer(line: Line) -> None:
        await line.reader.readuntil(b"\r\n\r\n")
        await line.say(b"HTTP/1.1 413 Too Large\r\ncontent-length: 1\r\n\r\nx")
        await asyncio.sleep(0.1)  # and reads no more

    async with serving(answer) as provider:
        response = await wire.handle_async_request(post(provider.url(), b" " * 16 * MB))
        assert (response.status_code, await read(response)) == (413, b"x")
        assert not any(wire.idle.values())


async def test_whoever_leaves_at_any_moment_takes_the_connection_along(tmp_path: Path) -> None:
    """In TLS, with a body on its way, after so many turns of the loop; and nobody else's."""
    certificate(tmp_path)
    wire = Wire(trusting(tmp_path))
    async with serving(hangs, showing(tmp_path)) as provider:
        turns = 0
        while turns < 40 or len(provider.heard) < 5:
            leaving = asyncio.ensure_future(asked(wire, provider.url("https")))
            for _ in range(turns):
                await asyncio.sleep(0 if turns % 4 else 0.0005)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
            await provider.is_left()
            turns += 2
        assert not any(wire.idle.values())


async def test_who_leaves_while_the_name_is_looked_up_leaves_the_others_theirs(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, looked_up, may_go = asyncio.get_running_loop(), list[str](), asyncio.Event()
    lookup = loop.getaddrinfo

    async def slowly(host: str, *more: Any, **options: Any) -> Any:
        looked_up.append(host)
        await may_go.wait()
        return await lookup("127.0.0.1", *more, **options)

    monkeypatch.setattr(loop, "getaddrinfo", slowly, raising=False)
    async with serving(says(ok(b"x"))) as provider:
        asking = [asyncio.ensure_future(asked(wire, provider.url())) for _ in range(20)]
        await asyncio.sleep(0.01)
        asking[0].cancel()
        may_go.set()
        assert await asyncio.gather(*asking[1:]) == [[b"x"]] * 19
    assert looked_up.count("localhost") == 1


# A provider that is faster than the client


async def test_a_provider_waits_for_a_client_that_does_not_read(wire: Wire) -> None:
    sent = 0

    async def answer(line: Line) -> None:
        nonlocal sent
        await line.hear()
        line.writer.write(LINES + b"content-length: %d\r\n\r\n" % (32 * MB))
        for _ in range(32 * 16):
            line.writer.write(b"x" * (MB // 16))
            await line.writer.drain()
            sent += MB // 16

    async with serving(answer) as provider:
        response = await wire.handle_async_request(post(provider.url()))
        connection = response.stream.connection  # type: ignore[union-attr]
        while not connection.is_paused:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert MOST_UNREAD < connection.unread <= 2 * MOST_UNREAD + MOST_BETWEEN
        assert sent < 24 * MB  # the rest is in the system's buffers
        assert len(await read(response)) == 32 * MB


@pytest.mark.parametrize("size", [100, 3 * MOST_UNREAD])
async def test_an_answer_that_nobody_read_does_not_hold_up_the_next(wire: Wire, size: int) -> None:
    async with serving(says(ok(b"x" * size), ok(b"right"))) as provider:
        response = await wire.handle_async_request(post(provider.url()))
        connection = response.stream.connection  # type: ignore[union-attr]
        while not (connection.is_paused or connection.is_whole):
            await asyncio.sleep(0.005)
        await response.stream.aclose()  # type: ignore[union-attr]
        got = (await asked(wire, provider.url()))[0]
        assert (got, provider.lines) == ((b"right", 1) if size == 100 else (b"x" * size, 2))


async def test_an_answer_that_is_whole_while_nothing_more_is_read_is_the_last() -> None:
    connection = Connection(lambda _: None)
    connection.connection_made(Ear())
    connection.send([b"POST / HTTP/1.1"])
    connection.data_received(ok(b"x" * (MOST_UNREAD + 1)))
    assert connection.is_whole and connection.is_paused and not connection.is_reusable
    await connection.read(None)
    assert connection.is_reusable
