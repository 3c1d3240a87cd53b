import socket
from collections.abc import Iterator

import httpx2
import pytest

from tests.conway.conftest import MB
from tests.served import Served


def pieces(count: int) -> Iterator[bytes]:
    """A body sent in chunks, of no declared length."""
    for _ in range(count):
        yield b"x" * MB


def test_a_body_of_the_largest_size_arrives_whole(answering: Served) -> None:
    assert httpx2.post(answering.url + "/length", content=b"x" * 2 * MB).text == str(2 * MB)
    assert httpx2.post(answering.url + "/length", content=pieces(2)).text == str(2 * MB)


@pytest.mark.parametrize("body", [b"x" * (2 * MB + 1), b"x" * 50 * MB])
def test_a_larger_body_is_refused_in_the_shape_of_errors(answering: Served, body: bytes) -> None:
    response = httpx2.post(answering.url + "/length", content=body)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "request_too_large"
    assert response.json()["error"]["message"] == "The request body is larger than 2 MB."


def test_a_larger_body_of_no_declared_length_is_refused_too(answering: Served) -> None:
    response = httpx2.post(answering.url + "/length", content=pieces(20))
    assert (response.status_code, response.json()["error"]["type"]) == (413, "invalid_request_error")


def test_a_refused_body_is_answered_before_it_is_sent(answering: Served) -> None:
    head = b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\nExpect: 100-continue\r\n\r\n"
    assert first_line(answering, head) == b"HTTP/1.1 413 Content Too Large"


def test_an_answer_that_breaks_off_does_not_look_ended(answering: Served) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.get(answering.url + "/breaks", timeout=10)


def test_a_crash_before_the_answer_is_500_in_the_shape_of_errors(answering: Served) -> None:
    response = httpx2.get(answering.url + "/raises", timeout=10)
    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal_error")


def test_a_request_that_cannot_be_read_is_400(answering: Served) -> None:
    head = "GET /pid?é HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    assert first_line(answering, head) == b"HTTP/1.1 400 Bad Request"


def first_line(server: Served, head: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(head)
        return client.recv(4096).split(b"\r\n")[0]
