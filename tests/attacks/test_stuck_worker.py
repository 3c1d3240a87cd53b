"""Issue 11, number 1: a worker whose event loop stands still is ended and started again."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.attacks.raw import connect, said
from tests.conway.conftest import eventually
from tests.served import Served, served

STUCK_SECONDS = 3
UNUSED = "postgresql:///unused"


@contextmanager
def two_workers(log: Path, seconds: int = STUCK_SECONDS) -> Iterator[Served]:
    environment = {"DATABASE_URL": UNUSED, "CONWAY_STUCK_SECONDS": str(seconds)}
    with log.open("w") as file, served("-m", "tests.attacks.parent", "2", log=file, **environment) as server:
        yield server


def children(server: Served) -> set[int]:
    parent = server.process.pid
    return set(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()))


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def test_a_worker_that_a_request_stops_is_ended_and_another_takes_its_place(log: Path) -> None:
    with two_workers(log) as server:
        before = children(server)
        with connect(server.port) as client:
            client.sendall(get("/stuck"))
            assert said(client, seconds=30) == b""
        assert eventually(lambda: len(children(server)) == 2 and len(children(server) & before) == 1)
        assert {int(httpx2.get(server.url + "/pid", timeout=20).text) for _ in range(5)} <= children(server)
        assert server.stop() == 0
    assert f"stood still for {STUCK_SECONDS} s" in log.read_text()
    assert "in stuck" in log.read_text()  # where it stood


def test_nobody_is_taken_for_stuck_by_a_parent_that_was_suspended_itself(log: Path) -> None:
    with two_workers(log) as server:
        before = children(server)
        server.process.send_signal(signal.SIGSTOP)
        time.sleep(STUCK_SECONDS * 2)
        server.process.send_signal(signal.SIGCONT)
        until = time.monotonic() + STUCK_SECONDS * 2
        with httpx2.Client() as client:
            while time.monotonic() < until:
                client.get(server.url + "/pid")
        assert children(server) == before
    assert "stood still" not in log.read_text()


def test_nobody_is_watched_where_that_is_turned_off(log: Path) -> None:
    with two_workers(log, seconds=0) as server:
        victim = min(children(server))
        os.kill(victim, signal.SIGSTOP)
        time.sleep(STUCK_SECONDS)
        os.kill(victim, signal.SIGCONT)
        assert victim in children(server)
