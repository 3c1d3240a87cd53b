"""The process and its HTTP."""

import http.client
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest

from inference.sandbox.http_parsing import Malformed, read_request
from tests.inference.sandbox.upstream import FORMATS, Upstream, says


def test_it_starts_quickly_and_stops_when_told() -> None:
    started = time.monotonic()
    own = Upstream()
    assert time.monotonic() - started < 2  # half a second on a quiet machine
    assert own.close() == 0


def test_it_needs_neither_django_nor_the_translators() -> None:
    loaded = "import sys, inference.sandbox.app; print(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    ours = {name for name in names if name.startswith(("inference.", "django", "conway", "credits", "accounts"))}
    assert {name for name in ours if not name.startswith("inference.sandbox")} == set()


def test_one_connection_serves_many_requests(upstream: Upstream) -> None:
    connection = http.client.HTTPConnection(urlsplit(upstream.url).netloc)
    connection.connect()
    port = connection.sock.getsockname()[1]
    for _ in range(3):
        connection.request("GET", "/")
        assert connection.getresponse().read() == b'{"sandbox": "ok"}'
        assert connection.sock.getsockname()[1] == port
    connection.close()


def test_a_body_may_come_in_chunks(upstream: Upstream) -> None:
    path, headers = FORMATS["openai"]
    pieces = iter([b'{"model": "gpt-5.2", "messages": ', b'[{"role": "user", "content": "hi"}]}'])
    assert upstream.http.post(path, content=pieces, headers=headers).status_code == 200


def test_an_unknown_path_is_not_found(upstream: Upstream) -> None:
    assert upstream.http.post("/openai/v1/embeddings", json={}).status_code == 404
    assert upstream.http.get("/openai/v1/chat/completions").status_code == 404


def test_nonsense_is_refused_and_the_others_go_on(upstream: Upstream) -> None:
    with socket.create_connection((urlsplit(upstream.url).hostname, urlsplit(upstream.url).port)) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")
    assert upstream.post("qwen", says("qwen", "x")).status_code == 200


WHOLE = b"POST /a?b HTTP/1.1\r\nHost: c\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"


@pytest.mark.parametrize(("raw", "body"), [(WHOLE, b"abc"), (CHUNKED, b"abcde")])
def test_a_request_is_read_when_it_is_whole(raw: bytes, body: bytes) -> None:
    for cut in range(len(raw)):
        assert read_request(bytearray(raw[:cut])) is None
    unread = bytearray(raw + WHOLE)
    found = read_request(unread)
    assert found and found.body == body
    assert unread == WHOLE


@pytest.mark.parametrize("raw", [b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"a" * 70_000])
def test_a_malformed_request_is_told_apart(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_request(bytearray(raw))
