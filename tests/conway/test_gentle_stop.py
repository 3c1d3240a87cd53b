import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.conway.answers import WORDS
from tests.conway.conftest import eventually, said
from tests.served import Served

ALL_WORDS = "".join(f"{number} " for number in range(WORDS)) + "end"


@pytest.mark.parametrize("path", ["/words", "/words?straight"])
def test_sigterm_lets_running_answers_end_and_exits_0(answers: Callable[..., Served], path: str) -> None:
    server = answers()
    with httpx2.stream("GET", server.url + path) as response:
        parts = response.iter_text()
        first = next(parts)
        server.process.send_signal(signal.SIGTERM)
        assert first + "".join(parts) == ALL_WORDS
    assert server.process.wait(20) == 0


def test_the_stop_hook_is_told_how_long_answers_may_go_on(answers: Callable[..., Served], notes: Path) -> None:
    server = answers(CONWAY_STOP_SECONDS="7")
    server.stop()
    assert notes.read_text().split("\n") == ["start", "stop 7", ""]


def test_an_answer_without_end_is_cut_in_the_end(answers: Callable[..., Served]) -> None:
    server = answers(CONWAY_STOP_SECONDS="1", CONWAY_SETTLE_SECONDS="1")
    with httpx2.stream("GET", server.url + "/endless") as response:
        parts = response.iter_text()
        next(parts)
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(httpx2.RemoteProtocolError):
            read_to_end(parts)
    assert server.process.wait(20) == 1


def test_it_takes_no_new_requests_while_it_stops(answers: Callable[..., Served]) -> None:
    server = answers()
    idle = httpx2.Client()
    idle.get(server.url + "/pid")
    with httpx2.stream("GET", server.url + "/words") as response:
        parts = response.iter_text()
        next(parts)
        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: refuses(server))
        with pytest.raises(httpx2.TransportError):
            idle.get(server.url + "/pid")


def test_a_request_on_its_way_while_it_stops_is_told_to_come_back(answers: Callable[..., Served]) -> None:
    server = answers()
    with (
        socket.create_connection(("127.0.0.1", server.port)) as late,
        httpx2.stream("GET", server.url + "/words") as response,
    ):
        late.sendall(b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n1")
        parts = response.iter_text()
        assert next(parts) + next(parts) == "0 1 "
        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: refuses(server))
        late.sendall(b"2")
        assert late.recv(1000).startswith(b"HTTP/1.1 503 ")


def test_workers_end_when_their_parent_is_killed(answers: Callable[..., Served]) -> None:
    server = answers(workers=2)
    worker = said(server, "/pid")
    server.stop(signal.SIGKILL)
    assert eventually(lambda: not alive(worker))
    assert eventually(lambda: refuses(server))


def test_a_killed_worker_is_started_again_and_fails_no_request_of_others(answers: Callable[..., Served]) -> None:
    server = answers(workers=2)
    victim = said(server, "/pid")
    os.kill(victim, signal.SIGKILL)
    assert victim not in {said(server, "/pid") for _ in range(20)}
    survivor = said(server, "/pid")
    os.kill(survivor, signal.SIGSTOP)  # so that only the new one can answer
    try:
        assert said(server, "/pid") not in (victim, survivor)
    finally:
        os.kill(survivor, signal.SIGCONT)


def test_a_worker_that_cannot_start_ends_the_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.conway.parent", "2"]
    environment = {**os.environ, "NOTES": str(tmp_path / "no" / "such" / "folder")}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "The server could not start" in ended.stderr


def read_to_end(parts: Iterator[str]) -> None:
    for _ in parts:
        pass


def refuses(server: Served) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port)).close()
    except ConnectionRefusedError:
        return True
    return False


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(") ")[2][0] != "Z"
