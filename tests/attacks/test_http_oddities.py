"""Issue 11, number 11: requests that two servers could read in two ways, and those that were answered in none."""

import json
import time
from typing import Any

import httpx2
import pytest

from conway import asgi
from tests.attacks.limits import MB, PAGE
from tests.attacks.raw import HOST, ask, chat, connect, error, headers, post, said, status
from tests.attacks.spoken import PATHS, everywhere
from tests.sdk.gateway import Gateway
from tests.ways import both_ways

pytest_plugins = ["tests.attacks.guarded"]
pytestmark = pytest.mark.django_db  # else there is no database to copy


GET = b"GET /v1/models HTTP/1.1\r\n"
POST = b"POST /v1/chat/completions HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SECOND = b"GET /v1/credits/pricing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

TWO_READINGS = {
    "two transfer encodings": POST + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a list of transfer encodings": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "identity": POST + b"Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n",
    "an unknown transfer encoding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a transfer encoding behind a control character": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a transfer encoding before its colon's blank": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a transfer encoding in HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "the same length twice": POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "a list of lengths": POST + b"Content-Length: 0, 0\r\n\r\n",
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a hexadecimal length": POST + b"Content-Length: 0x0\r\n\r\n",
    "a length of no digits": POST + b"Content-Length: \r\n\r\n",
    "a length of five thousand digits": POST + b"Content-Length: " + b"0" * 5000 + b"\r\n\r\n",
    "a folded header": GET + HOST + b"X-Note: one\r\n two\r\n\r\n",
    "a folded header by tab": GET + HOST + b"X-Note: one\r\n\ttwo\r\n\r\n",
    "a folded transfer encoding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a first header that is folded": GET + b" X-Note: one\r\n" + HOST + b"\r\n",
    "a bare LF between headers": GET + HOST + b"X-Note: one\nX-Other: two\r\n\r\n",
    "a bare LF after the request line": b"GET / HTTP/1.1\nHost: localhost\r\n\r\n",
    "a bare CR in a header": GET + HOST + b"X-Note: one\rX-Other: two\r\n\r\n",
    "a NUL in a header's value": GET + HOST + b"X-Note: o\x00ne\r\n\r\n",
    "a NUL in a header's name": GET + HOST + b"X-No\x00te: one\r\n\r\n",
    "a NUL in the address": b"GET /v1/\x00models HTTP/1.1\r\n" + HOST + b"\r\n",
    "a header without a colon": GET + HOST + b"X-Note\r\n\r\n",
    "a header without a name": GET + HOST + b": one\r\n\r\n",
    "a blank in a header's name": GET + HOST + b"X Note: one\r\n\r\n",
    "a blank before a header's colon": GET + b"Host : localhost\r\n\r\n",
    "an address for a proxy": b"GET http://localhost/v1/models HTTP/1.1\r\n" + HOST + b"\r\n",
    "an address of no path": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "no host": GET + b"\r\n",
    "two hosts": GET + HOST + HOST + b"\r\n",
    "a version of another kind": b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
    "two blanks in the request line": b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method that is no word": b"G@T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a chunk size with a prefix": CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
    "a chunk size with a sign": CHUNKED + b"+1\r\na\r\n0\r\n\r\n",
    "a negative chunk size": CHUNKED + b"-1\r\na\r\n0\r\n\r\n",
    "a chunk size with a blank": CHUNKED + b"1 \r\na\r\n0\r\n\r\n",
    "a chunk size ended by a bare LF": CHUNKED + b"1\na\r\n0\r\n\r\n",
    "a chunk that is longer than its size": CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
    "a chunk extension with a bare LF": CHUNKED + b"1;a\nb\r\na\r\n0\r\n\r\n",
    "a long chunk extension": CHUNKED + b"1;" + b"a" * 2000 + b"\r\na\r\n0\r\n\r\n",
    "many chunk extensions": CHUNKED + (b"1;" + b"a" * 900 + b"\r\na\r\n") * 40 + b"0\r\n\r\n",
    "many small chunks": CHUNKED + b"1\r\na\r\n" * 40_000 + b"0\r\n\r\n",
    "a trailer with a bare LF": CHUNKED + b"0\r\nX-Note: one\nX-Other: two\r\n\r\n",
    "a trailer that is no header": CHUNKED + b"0\r\nGET / HTTP/1.1\r\n\r\n",
    "a folded trailer": CHUNKED + b"0\r\nX-Note: one\r\n two\r\n\r\n",
    "long trailers": CHUNKED + b"0\r\n" + b"X-Note: " + b"a" * 9000 + b"\r\n\r\n",
}


def key(gateway: Gateway) -> str:
    return gateway.keys["alice"]


# Where a request ends


@pytest.mark.parametrize("request_bytes", TWO_READINGS.values(), ids=TWO_READINGS.keys())
def test_a_request_with_two_readings_is_refused_and_nothing_behind_it_is_answered(
    guarded: Gateway, request_bytes: bytes
) -> None:
    keyed = request_bytes.replace(HOST, HOST + b"Authorization: Bearer " + key(guarded).encode() + b"\r\n", 1)
    answer = ask(guarded.served.port, keyed + SECOND)
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert error(answer)["type"] == "invalid_request_error"
    assert headers(answer)["connection"] == "close"


@pytest.mark.parametrize("head", [b"X-Note: " + b"a" * 20_000, (b"X-Note: " + b"a" * 90 + b"\r\n") * 200])
def test_headers_of_any_size_are_refused_in_words(guarded: Gateway, head: bytes) -> None:
    answer = ask(guarded.served.port, GET + HOST + head + b"\r\n\r\n")
    assert (status(answer), answer.count(b"HTTP/1.1 ")) == (431, 1)
    assert "16384 bytes" in error(answer)["message"]


@both_ways
def test_honest_chunks_extensions_and_trailers_are_read(guarded: Gateway, way: str) -> None:
    body = chat()
    chunked = b"5;note=one\r\n%s\r\n%x\r\n%s\r\n0\r\nX-Sum: 1\r\n\r\n" % (body[:5], len(body) - 5, body[5:])
    head = post(b"", key=key(guarded)).replace(b"content-length: 0", b"transfer-encoding: Chunked")
    assert status(ask(guarded.served.port, head + chunked)) == 200


# Expect: 100-continue


def test_a_too_large_body_is_refused_without_being_asked_for(guarded: Gateway) -> None:
    for name in ("alice", "bob"):
        request = post(b"", key=guarded.keys[name], expect="100-continue").replace(b"length: 0", b"length: 99999999")
        answer = ask(guarded.served.port, request)
        assert status(answer) == 413
        assert b"100 Continue" not in answer


def test_a_strangers_body_is_refused_without_being_asked_for(guarded: Gateway) -> None:
    request = post(b"", key="sk-conway-no-such-key", expect="100-continue").replace(b"length: 0", b"length: 1000")
    answer = ask(guarded.served.port, request)
    assert status(answer) == 401
    assert b"100 Continue" not in answer


@both_ways
@pytest.mark.parametrize("path", [*PATHS, "/v1/estimate", "/v1/auth/token"])
def test_an_honest_body_is_asked_for(guarded: Gateway, way: str, path: str) -> None:
    body = everywhere("say 3 words")
    with connect(guarded.served.port) as client:
        client.sendall(post(body, key=key(guarded), path=path, expect="100-continue")[: -len(body)])
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert status(said(client)) in (200, 415)


# Host


@pytest.mark.parametrize("host", ["evil.example.com", "localhost:80:80", "localhost evil", "a/b", ""])
@pytest.mark.parametrize("path", [*PATHS, "/v1/estimate", "/v1/models"])
def test_a_host_that_is_not_ours_is_refused(guarded: Gateway, host: str, path: str) -> None:
    method = b"GET" if path == "/v1/models" else b"POST"
    request = post(chat(), key=key(guarded), path=path).replace(b"localhost", host.encode(), 1)
    answer = ask(guarded.served.port, request.replace(b"POST", method, 1))
    assert status(answer) == 400
    assert error(answer)["type"] == "invalid_request_error"


# Half of a connection


@both_ways
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
def test_a_client_that_has_said_all_gets_its_answer(guarded: Gateway, way: str, stream: bool, version: bytes) -> None:
    request = post(chat("say 5 words [[first-byte=0.5]]", stream=stream), key=key(guarded))
    answer = ask(guarded.served.port, request.replace(b"HTTP/1.1", version, 1), shut=True)
    final = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert status(final) == 200
    assert b"[DONE]" in final if stream else json.loads(final.partition(b"\r\n\r\n")[2])["usage"]


@both_ways
def test_pipelined_requests_before_the_end_are_all_answered(guarded: Gateway, way: str) -> None:
    request = post(chat(), key=key(guarded), connection="keep-alive")
    assert ask(guarded.served.port, request * 3, shut=True).count(b"HTTP/1.1 200 ") == 3


def test_half_a_request_is_no_request(guarded: Gateway) -> None:
    before = guarded.charges
    whole = post(chat(), key=key(guarded))
    for half in (whole[:30], whole[:-10]):
        assert ask(guarded.served.port, half, shut=True) == b""
    assert guarded.charges == before


@both_ways
@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_has_left_is_still_noticed(guarded: Gateway, way: str, stream: bool) -> None:
    """By the reset with which its machine answers: to the end of a stream it looks like one that has said all."""
    before = guarded.one("SELECT count(*) FROM inference_completion")
    with connect(guarded.served.port) as client:
        client.sendall(post(chat("say 100 words [[pace=20]] [[first-byte=1]]", stream=stream), key=key(guarded)))
        time.sleep(0.3)
    deadline = time.monotonic() + 10
    while guarded.held or guarded.one("SELECT count(*) FROM inference_completion") == before:
        assert time.monotonic() < deadline, "its completion has not been settled"
        time.sleep(0.1)
    assert guarded.last["ending"] == "client_left"


# Pages of other origins


def readable(answer: httpx2.Response) -> str:
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-credentials" not in answer.headers
    return answer.headers.get("access-control-expose-headers", "")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/estimate", "/v1/models", "/v1/credits/balance"])
def test_an_allowed_page_may_ask_before_it_asks(guarded: Gateway, path: str) -> None:
    wanted = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,x-stainless-os"}
    answer = httpx2.options(guarded.url + path, headers={"origin": PAGE, **wanted})
    readable(answer)
    assert answer.status_code == 204
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization,x-stainless-os"


@both_ways
@pytest.mark.parametrize("stream", [False, True])
def test_an_allowed_page_reads_answers_and_their_headers(guarded: Gateway, way: str, stream: bool) -> None:
    answer = httpx2.post(
        guarded.url + "/v1/chat/completions", content=chat(stream=stream), headers={"origin": PAGE, **guarded.headers()}
    )
    exposed = readable(answer).split(", ")
    assert answer.status_code == 200
    ours = {name for name in answer.headers if name.startswith(("x-conway-", "x-request-id"))}
    assert ours <= {name.lower() for name in exposed}
    assert "x-conway-sandbox" in ours


def test_an_allowed_page_reads_every_error(guarded: Gateway) -> None:
    """Also those that the server made before any application was asked."""
    origin = {"origin": PAGE}
    url = guarded.url + "/v1/chat/completions"
    assert "x-request-id" in readable(httpx2.post(url, content=b"{}", headers=origin))
    readable(httpx2.post(url, content=b"x" * 4 * MB, headers={**origin, **guarded.headers()}))
    readable(httpx2.get(guarded.url + "/v1/nowhere", headers=origin))
    readable(httpx2.post(guarded.url + "/v1/estimate", content=b"{", headers={**origin, **guarded.headers()}))


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", PAGE + ".evil.example.com", PAGE.upper()])
def test_any_other_page_may_not(guarded: Gateway, origin: str) -> None:
    asked = {"origin": origin, "access-control-request-method": "POST"}
    for answer in (
        httpx2.options(guarded.url + "/v1/chat/completions", headers=asked),
        httpx2.post(guarded.url + "/v1/chat/completions", content=chat(), headers={**asked, **guarded.headers()}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_no_page_may_unless_it_is_named() -> None:
    answered: list[Any] = []

    async def send(message: Any) -> None:
        answered.append(message)

    asked = [(b"host", b"localhost"), (b"origin", PAGE.encode()), (b"access-control-request-method", b"POST")]
    scope = {"type": "http", "method": "OPTIONS", "path": "/v1/chat/completions", "headers": asked}
    await asgi.http(scope, pytest.fail, send)
    assert answered[0]["status"] == 405
    assert not [name for name, _ in answered[0]["headers"] if name.startswith(b"access-control")]


def test_pages_of_people_are_nobody_elses(guarded: Gateway) -> None:
    answer = httpx2.get(guarded.url + "/credits/history.csv", headers={"origin": PAGE})
    assert "access-control-allow-origin" not in answer.headers
