import socket
import time
from collections.abc import Callable

import pytest

from tests.conway.answers import CHUNK, CHUNKS, WORDS
from tests.conway.conftest import eventually, said
from tests.served import Served

WAYS = ("/long", "/long?straight")  # by ASGI's messages, and straight to the socket
IN_FLIGHT = 256  # chunks of 64 KB: what the kernel's buffers may hold of an unread answer


def ask(server: Served, path: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return client


def read_all(client: socket.socket) -> int:
    return sum(map(len, iter(lambda: client.recv(1 << 20), b"")))


def test_a_slow_reader_slows_its_own_stream_and_gets_it_whole(answers: Callable[..., Served]) -> None:
    server = answers()
    for path in WAYS:
        with ask(server, path) as client:
            eventually(lambda: said(server, "/sent") > 0)
            time.sleep(1)
            assert 0 < said(server, "/sent") < IN_FLIGHT
            assert read_all(client) > CHUNKS * len(CHUNK)
        assert eventually(lambda: said(server, "/forget") == 0)


@pytest.mark.parametrize("path", WAYS)
def test_a_reader_that_reads_nothing_is_cut_off(answers: Callable[..., Served], path: str) -> None:
    server = answers(CONWAY_STALL_SECONDS="1")
    with ask(server, path) as client:
        time.sleep(3)
        client.settimeout(5)
        try:
            assert read_all(client) < CHUNKS * len(CHUNK)
        except ConnectionResetError:
            pass


def test_a_client_that_leaves_before_its_answer_disturbs_nobody(
    answers: Callable[..., Served], capfd: pytest.CaptureFixture[str]
) -> None:
    server = answers()
    ask(server, "/late").close()
    time.sleep(1)
    assert server.stop() == 0
    assert capfd.readouterr().err == ""


def test_what_an_answer_says_in_one_turn_is_one_write(answers: Callable[..., Served]) -> None:
    """Head, body and end; and of a stream each piece."""
    server = answers()
    before = said(server, "/socket-writes")
    assert said(server, "/socket-writes") == before + 1
    for path in ("/words", "/words?straight"):
        with ask(server, path) as client:
            assert b"9 " in b"".join(iter(lambda: client.recv(1 << 16), b""))
    assert said(server, "/socket-writes") == before + 2 + 2 * (WORDS + 1)


def test_who_asks_to_be_told_hears_of_each_client_that_leaves_and_of_no_other(answers: Callable[..., Served]) -> None:
    server = answers()
    with ask(server, "/words?straight") as client:
        read_all(client)
    with ask(server, "/endless?straight") as client:
        assert client.recv(1)
    assert eventually(lambda: said(server, "/left") == 1)
