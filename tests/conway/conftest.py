import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.served import Served, served

MB = 1 << 20


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


@pytest.fixture
def answers(notes: Path) -> Iterator[Callable[..., Served]]:
    """Starts the application of answers.py."""
    with starting_answers(notes) as start:
        yield start


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """That application, of two megabytes at most, for the tests of a file that leave it as it was."""
    with starting_answers(tmp_path_factory.mktemp("answering") / "notes") as start:
        yield start(CONWAY_MAX_BODY_BYTES=str(2 * MB))


@contextmanager
def starting_answers(notes: Path) -> Iterator[Callable[..., Served]]:
    with ExitStack() as stack:

        def start(workers: int = 1, *how: str, **environment: str) -> Served:
            command = ("-m", "tests.conway.parent", str(workers), *how)
            environment = {"NOTES": str(notes), "DATABASE_URL": "postgresql:///unused", **environment}
            return stack.enter_context(served(*command, log=None, folder=None, **environment))

        yield start


def said(server: Served, path: str) -> int:
    return int(httpx2.get(server.url + path, timeout=30).text)


def eventually(true: Callable[[], object], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(0.05)
    return False
