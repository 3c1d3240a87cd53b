"""What is asked and answered on the way to the providers, HTTP's oddities among it, over real connections."""

import asyncio

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.upstream.wire import MOST_BETWEEN, Connection, Wire
from tests.inference.upstream.loopback import (
    LINES,
    Ear,
    Line,
    asked,
    chunked,
    ok,
    post,
    read,
    says,
    serving,
)

MB = 2**20


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


# Answers


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


# What HTTP allows, and what servers say all the same. Each is `hello`, whole or a byte at a time, streamed or not.

OK, CHUNKS = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
HELLO = b"content-length: 5\r\n\r\nhello"
PECULIAR = {
    "no reason": b"HTTP/1.1 200\r\n" + HELLO,
    "a blank reason": b"HTTP/1.1 200 \r\n" + HELLO,
    "a reason in Latin-1": b"HTTP/1.1 200 Tr\xe8s bien\r\n" + HELLO,
    "an empty line first": b"\r\n" + OK + HELLO,
    "line feeds alone": b"HTTP/1.1 200 OK\nx-a: 1\ncontent-length: 5\n\nhello",
    "a header beyond ASCII": OK + "x-a: \u65e5\u672c\r\n".encode() + HELLO,
    "a long header": OK + b"x-a: " + b"a" * 60_000 + b"\r\n" + HELLO,
    "many headers": OK + b"x-a: 1\r\n" * 500 + HELLO,
    "a length with blanks": OK + b"content-length: \t 5 \t\r\n\r\nhello",
    "an interim answer": b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 3 + OK + HELLO,
    "an interim answer of no length": b"HTTP/1.1 100 Continue\r\ncontent-length: 0\r\n\r\n" + OK + HELLO,
    "HTTP/1.0, kept": b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n" + HELLO,
    "an empty line behind": OK + HELLO + b"\r\n",
    "capitals": OK + b"Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "a blank behind the coding": OK + b"transfer-encoding: chunked \r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "chunks": CHUNKS + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "noughts before a size": CHUNKS + b"00000005\r\nhello\r\n000\r\n\r\n",
    "blanks behind a size": CHUNKS + b"5   \r\nhello\r\n0   \r\n\r\n",
    "extensions": CHUNKS + b'5;a=b;c="d;e"\r\nhello\r\n0;x\r\n\r\n',
    "trailers": CHUNKS + b"5\r\nhello\r\n0\r\nx-cost: 1\r\nx-more: 2\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", PECULIAR)
async def test_what_is_peculiar_is_understood_and_keeps_its_connection(wire: Wire, name: str) -> None:
    async with serving(says(PECULIAR[name])) as provider:
        assert await asked(wire, provider.url(), 3) == [b"hello"] * 3
        assert provider.lines == 1


@pytest.mark.parametrize("name", PECULIAR)
async def test_what_is_peculiar_may_come_a_byte_at_a_time_and_is_whole_at_its_end_alone(name: str) -> None:
    connection, said = sent(), PECULIAR[name].removesuffix(b"\r\n" if name == "an empty line behind" else b"")
    for byte in said[:-1]:
        connection.data_received(bytes([byte]))
    assert not connection.is_whole and connection.failure is None
    connection.data_received(said[-1:])
    assert connection.is_reusable and await connection.read(None) == b"hello"


@pytest.mark.parametrize("name", PECULIAR)
def test_what_is_peculiar_and_breaks_off_is_never_whole(name: str) -> None:
    """After each of its bytes but the last."""
    whole = PECULIAR[name].removesuffix(b"\r\n" if name == "an empty line behind" else b"")

    async def story() -> None:
        for size in range(max(0, len(whole) - 120), len(whole)):
            connection = sent()
            connection.data_received(whole[:size])
            connection.connection_lost(None)
            assert not connection.is_whole and isinstance(connection.failure, httpx.ReadError)

    asyncio.run(story())


def sent() -> Connection:
    """Its request is out."""
    connection = Connection(lambda _: None)
    connection.connection_made(Ear())
    connection.send([b"POST / HTTP/1.1"])
    return connection


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
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\nx-a: a\0b\r\ncontent-length: 5\r\n\r\nhello",),
        (b"HTTP/1.1 200 OK\r\nx-a: a\rb\r\ncontent-length: 5\r\n\r\nhello",),
        (b"HTTP/1.1 200 OK\r\nx-a: a\r\n b\r\ncontent-length: 5\r\n\r\nhello",),
        (b"HTTP/1.1 200 OK\r\nno header\r\ncontent-length: 5\r\n\r\nhello",),
        (b"HTTP/1.1 200 OK\r\ncontent-length : 5\r\n\r\nhello",),
        (b"HTTP/1.1 99 Odd\r\ncontent-length: 5\r\n\r\nhello",),
        (CHUNKS + b"fffffffffffffffff\r\nhello",),
        (CHUNKS + b"0x5\r\nhello\r\n0\r\n\r\n",),
        (CHUNKS + b"5\r\nhello0\r\n\r\n",),
    ],
    ids=["nothing", "half a head", "only 100", "HTML", "HTTP/2", "101", "two lengths", "negative length",
         "a length and chunks", "chunks and a length", "NUL", "CR", "a folded header", "no header",
         "a blank in a name", "no status", "a size beyond any", "a size in C", "a chunk without its end"],
)  # fmt: skip
async def test_what_is_no_answer_is_an_error(wire: Wire, parts: tuple[bytes, ...]) -> None:
    async with serving(says(parts, then_hang_up=True)) as provider:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await asked(wire, provider.url())
        await provider.is_left()
        assert not any(wire.idle.values())


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
