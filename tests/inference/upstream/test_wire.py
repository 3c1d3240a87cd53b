"""HTTP and its oddities on the way to the providers, on both event loops, over real connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.upstream import wire as wires
from inference.upstream.wire import MOST_BETWEEN, MOST_UNREAD, Connection, Wire
from tests.inference.upstream.certificates import certificate, showing, trusting
from tests.inference.upstream.loopback import Answer, Line, chunked, ok, post, read, says, serving

MB = 2**20
LINES = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    yield wire
    await wire.aclose()


async def asked(wire: Wire, url: str, times: int = 1) -> list[bytes]:
    return [await read(await wire.handle_async_request(post(url))) for _ in range(times)]


# What goes out


async def test_a_request_goes_out_as_it_was_given(wire: Wire) -> None:
    async with serving(says(ok(b"hello", b"x-theirs: 2"))) as provider:
        response = await wire.handle_async_request(post(provider.url(), b'{"a": 1}'))
        assert (response.status_code, response.headers["X-Theirs"]) == (200, "2")
        assert await read(response) == b"hello"
        lines = [b"POST /v1/x?y=z HTTP/1.1", b"host: localhost:%d" % provider.port, b"x-own: 1", b"content-length: 8"]
        head, _, body = provider.heard[0].partition(b"\r\n\r\n")
        assert [head.split(b"\r\n")[0], *head.lower().split(b"\r\n")[1:]] == lines
        assert body == b'{"a": 1}'


@pytest.mark.parametrize("value", ["a\r\nx-more: 1", "a\nb", "a\rb", "a\0b"])
async def test_a_header_with_the_end_of_a_line_does_not_go_out(wire: Wire, value: str) -> None:
    async with serving(says(ok(b""))) as provider:
        request = post(provider.url())
        request.headers["x-own"] = value
        with pytest.raises(httpx.LocalProtocolError):
            await wire.handle_async_request(request)
        await provider.is_left()


@pytest.mark.parametrize("url", ["ftp://localhost/x", "http:///x"])
async def test_what_is_no_address_is_refused(wire: Wire, url: str) -> None:
    with pytest.raises(httpx.UnsupportedProtocol):
        await wire.handle_async_request(post(url))


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
        with pytest.raises(httpx.TransportError):
            await asked(wire, provider.url())
        assert (len(provider.heard), provider.lines) == (2, 1)


async def test_an_idle_connection_is_closed_after_a_while(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "KEPT_SECONDS", 0.05)
    async with serving(says(ok(b"x"))) as provider:
        await asyncio.gather(*[asked(wire, provider.url()) for _ in range(3)])
        await provider.is_left()
        while any(wire.idle.values()):
            await asyncio.sleep(0.005)
        assert wire.sweeping is None


# Answers


class Ear(asyncio.Transport):
    """Hears what a connection does to its socket."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def writelines(self, parts: Any) -> None:
        self.written += parts

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.lists(st.integers(1, 20), min_size=1), st.booleans()
)
def test_chunks_may_be_split_anywhere(parts: list[bytes], sizes: list[int], has_trailers: bool) -> None:
    async def story() -> None:
        connection = Connection(lambda _: None)
        connection.connection_made(Ear())
        connection.send([b"POST / HTTP/1.1"])
        end = b"0\r\nx-cost: 1\r\nx-more: 2\r\n\r\n" if has_trailers else b"0\r\n\r\n"
        left, turn, body = b"HTTP/1.1 103 Early\r\nlink: x\r\n\r\n" + chunked(*parts, end=end), 0, b""
        while left:
            piece, left = left[: sizes[turn % len(sizes)]], left[sizes[turn % len(sizes)] :]
            connection.data_received(piece)
            turn += 1
            body += await connection.read(None) if connection.parts else b""
        assert body == b"".join(parts) and connection.is_whole and connection.is_reusable
        assert connection.headers == [(b"transfer-encoding", b"chunked")]

    asyncio.run(story())


async def test_nothing_large_is_copied() -> None:
    connection, ear, body = Connection(lambda _: None), Ear(), b"x" * MB
    connection.connection_made(ear)
    connection.send([b"POST / HTTP/1.1"], body)
    assert len(ear.written) == 3 and ear.written[-1] is body
    connection.data_received(LINES + b"content-length: %d\r\n\r\n" % MB)
    connection.data_received(body)
    part = connection.parts[0]
    assert await connection.read(None) is part


@pytest.mark.parametrize("interim", [b"100 Continue", b"102 Processing", b"103 Early Hints"])
async def test_what_comes_before_the_answer_is_not_the_answer(wire: Wire, interim: bytes) -> None:
    before = b"HTTP/1.1 " + interim + b"\r\nlink: x\r\n\r\n"
    async with serving(says((before, before, ok(b"x", b"x-empty:")))) as provider:
        response = await wire.handle_async_request(post(provider.url()))
        assert (response.status_code, "link" in response.headers, response.headers["x-empty"]) == (200, False, "")
        assert await read(response) == b"x"
        assert await asked(wire, provider.url()) == [b"x"]
        assert provider.lines == 1


@pytest.mark.parametrize(
    ("status", "lines"),
    [
        (b"302 Found", [b"location: http://localhost:1/elsewhere", b"content-length: 0"]),
        (b"307 Temporary Redirect", [b"location: /again", b"content-length: 0"]),
        (b"204 No Content", []),
        (b"304 Not Modified", [b"content-length: 7"]),
        (b"200 OK", [b"upgrade: h2c", b"connection: upgrade", b"content-length: 0"]),
    ],
    ids=["302", "307", "204", "304", "offers HTTP/2"],
)
async def test_an_answer_without_a_body_is_handed_on_as_it_is(wire: Wire, status: bytes, lines: list[bytes]) -> None:
    async with serving(says(b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"", b""]))) as provider:
        for _ in range(2):
            response = await wire.handle_async_request(post(provider.url()))
            assert response.status_code == int(status[:3])
            assert await read(response) == b""
        assert provider.lines == 1


async def test_nothing_is_decoded_and_no_cookie_kept(wire: Wire) -> None:
    async with serving(says(ok(b"\x1f\x8b is no gzip", b"content-encoding: gzip", b"set-cookie: a=b"))) as provider:
        assert await asked(wire, provider.url(), 2) == [b"\x1f\x8b is no gzip"] * 2
        heard = b"".join(provider.heard).lower()
        assert b"cookie" not in heard and b"accept-encoding" not in heard


@pytest.mark.parametrize("lines", [[], [b"transfer-encoding: identity"], [b"connection: close"]])
async def test_an_answer_without_a_length_ends_with_its_connection(wire: Wire, lines: list[bytes]) -> None:
    head = b"\r\n".join([b"HTTP/1.1 200 OK", *lines, b"", b""])
    async with serving(says((head, b"one ", b"two"), then_hang_up=True)) as provider:
        assert await asked(wire, provider.url(), 2) == [b"one two"] * 2


# Answers that are none


@pytest.mark.parametrize(
    "parts",
    [
        (b"",),
        (b"HTTP/1.1 200 OK\r\ncontent-",),
        (b"HTTP/1.1 100 Continue\r\n\r\n",),
        (b"<html>",),
        (b"HTTP/2 200\r\n\r\n",),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nxx",),
    ],
    ids=["nothing", "half a head", "only 100", "HTML", "HTTP/2", "101", "two lengths", "negative length"],
)  # fmt: skip
async def test_what_is_no_answer_is_an_error(wire: Wire, parts: tuple[bytes, ...]) -> None:
    async with serving(says(parts, then_hang_up=True)) as provider:
        with pytest.raises(httpx.TransportError):
            await asked(wire, provider.url())
        await provider.is_left()


@pytest.mark.parametrize(
    "rest",
    [
        (b"content-length: 9\r\n\r\n", b"hello"),
        (b"transfer-encoding: chunked\r\n\r\n", b"5\r\nhello\r\n"),
        (b"transfer-encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n"),
        (b"transfer-encoding: chunked\r\n\r\n", b"5\r\nhello\r\n", b"five\r\nhello\r\n"),
    ],
    ids=["shorter than said", "no last chunk", "half an end", "no number"],
)
async def test_a_body_that_breaks_off_is_told_and_then_an_error(wire: Wire, rest: tuple[bytes, ...]) -> None:
    async with serving(says((LINES, *rest), then_hang_up=True)) as provider:
        response = await wire.handle_async_request(post(provider.url()))
        got = b""
        with pytest.raises(httpx.TransportError):
            async for part in response.stream:  # type: ignore[union-attr]
                got += part
        assert got == b"hello"
        await response.stream.aclose()  # type: ignore[union-attr]
        assert not any(wire.idle.values())


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (LINES, b"x-a: a\r\n"),
        (LINES + b"x-a: ", b"a"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (LINES + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"x-a: a\r\n"),
        (LINES + b"transfer-encoding: chunked\r\n\r\n0\r\nx-a: ", b"a"),
        (LINES + b"transfer-encoding: chunked\r\n\r\n5;x=", b"a"),
    ],
    ids=["headers", "a header", "100s", "trailers", "a trailer", "an extension"],
)
async def test_what_never_ends_is_cut_off(wire: Wire, begin: bytes, more: bytes) -> None:
    sent = 0

    async def answer(line: Line) -> None:
        nonlocal sent
        await line.hear()
        await line.say(begin)
        while True:
            await line.say(more * 1000)
            sent += len(more) * 1000

    async with serving(answer) as provider:
        with pytest.raises(httpx.RemoteProtocolError, match="have no end"):
            await asked(wire, provider.url())
        await provider.is_left()
    assert sent > MOST_BETWEEN / 2


async def test_a_body_without_a_length_whose_connection_breaks_is_not_whole(wire: Wire) -> None:
    async def answer(line: Line) -> None:
        await line.hear()
        await line.say(LINES + b"\r\n", b"hello")
        line.writer.get_extra_info("socket").setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER 0: closing is a reset
        line.writer.transport.abort()

    async with serving(answer) as provider:
        with pytest.raises(httpx.ReadError):
            await asked(wire, provider.url())


# Time


async def hangs(line: Line) -> None:
    await line.hear()
    await line.say(LINES + b"content-length: 9\r\n\r\nhello")
    await line.left()


async def is_deaf(line: Line) -> None:
    line.reader._transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(5)


async def is_mute(line: Line) -> None:
    await line.left()


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


# TLS


async def test_a_connection_in_tls_is_kept_and_breaks_off_like_any(tmp_path: Path) -> None:
    certificate(tmp_path)
    wire = Wire(trusting(tmp_path))
    answer = says(ok(b"x" * 100_000), (chunked(b"one ", b"two", end=b""),))
    async with serving(answer, showing(tmp_path)) as provider:
        assert await asked(wire, provider.url("https")) == [b"x" * 100_000]
        with pytest.raises(httpx.ReadTimeout):
            await read(await wire.handle_async_request(post(provider.url("https"), read=0.2)))
        assert provider.lines == 1
        await provider.is_left()


@pytest.mark.parametrize("url", ["https://localhost:{}/", "https://other.localhost:{}/"])
async def test_a_provider_that_cannot_prove_its_name_hears_nothing(wire: Wire, url: str, tmp_path: Path) -> None:
    certificate(tmp_path)
    wire = Wire(trusting(tmp_path)) if "other" in url else wire  # trusted, but for another name; or not at all
    async with serving(says(ok(b"x")), showing(tmp_path)) as provider:
        with pytest.raises(httpx.ConnectError, match=r"(?i)certificate|not known|resolve"):
            await asked(wire, url.format(provider.port))
        await provider.is_left()
        assert provider.heard == []


# By way of a proxy


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def proxied(**variables: str) -> None:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return proxied


async def test_a_proxy_is_asked_for_a_whole_address(proxied: Callable[..., None]) -> None:
    async with serving(says(ok(b"x"))) as proxy:
        proxied(HTTP_PROXY=f"http://me:s%40crt@127.0.0.1:{proxy.port}")
        assert await asked(Wire(), "http://provider.test/v1?x=y") == [b"x"]
    assert proxy.heard[0].startswith(b"POST http://provider.test/v1?x=y HTTP/1.1\r\n")
    assert b"\r\nproxy-authorization: Basic bWU6c0BjcnQ=\r\n" in proxy.heard[0]  # me:s@crt


async def test_tls_goes_through_a_proxy_from_end_to_end(proxied: Callable[..., None], tmp_path: Path) -> None:
    certificate(tmp_path, "provider.test")

    async def answer(line: Line) -> None:
        await line.hear()
        await line.say(b"HTTP/1.1 200 Connection ", b"established\r\n\r\n")
        reader, writer = await asyncio.open_connection("127.0.0.1", provider.port)
        await asyncio.gather(carried(line.reader, writer), carried(reader, line.writer))

    async def carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async with serving(says(ok(b"x")), showing(tmp_path)) as provider, serving(answer) as proxy:
        proxied(HTTPS_PROXY=f"me:secret@localhost:{proxy.port}")
        wire = Wire(trusting(tmp_path))
        assert await asked(wire, "https://provider.test/v1", 2) == [b"x", b"x"]
        await wire.aclose()
    assert (len(proxy.heard), provider.lines) == (1, 1)
    assert proxy.heard[0].startswith(b"CONNECT provider.test:443 HTTP/1.1\r\nhost: provider.test:443\r\n")
    assert b"\r\nproxy-authorization: Basic bWU6c2VjcmV0\r\n" in proxy.heard[0]


@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 Who are you?\r\n\r\n", b"", b"HTTP/1.1 200 " + b"x" * 70_000])
async def test_a_proxy_that_refuses_is_an_error(proxied: Callable[..., None], answer: bytes) -> None:
    async with serving(says(answer, then_hang_up=True)) as proxy:
        proxied(HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(httpx.ProxyError):
            await asked(Wire(), "https://provider.test/v1")
        await proxy.is_left()


@pytest.mark.parametrize("proxy", ["https://proxy:1", "socks5://proxy:1", "ftp://proxy", "http://[", "http://:x"])
async def test_a_proxy_that_we_cannot_ask_is_named(proxied: Callable[..., None], proxy: str) -> None:
    proxied(HTTP_PROXY=proxy)
    with pytest.raises(httpx.TransportError):
        await asked(Wire(), "http://provider.test/v1")


@pytest.mark.parametrize(
    ("url", "variables"),
    [
        ("http://localhost:{}/", {}),
        ("http://127.0.0.1:{}/", {}),
        ("http://own.test:{}/", {"NO_PROXY": "elsewhere, own.test"}),
        ("http://own.test:{}/", {"no_proxy": ".test"}),
        ("http://own.test:{}/", {"NO_PROXY": "*"}),
    ],
)
async def test_where_no_proxy_is_wanted_none_is_asked(
    proxied: Callable[..., None], monkeypatch: pytest.MonkeyPatch, url: str, variables: dict[str, str]
) -> None:
    loop = asyncio.get_running_loop()
    lookup = loop.getaddrinfo
    monkeypatch.setattr(loop, "getaddrinfo", lambda host, *more, **options: lookup("127.0.0.1", *more, **options),
                        raising=False)  # fmt: skip
    async with serving(is_mute) as proxy, serving(says(ok(b"x"))) as provider:
        proxied(HTTP_PROXY=f"http://127.0.0.1:{proxy.port}", **variables)
        assert await asked(Wire(), url.format(provider.port)) == [b"x"]
        assert proxy.lines == 0
