"""`manage.py serve` itself, on this test's database."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conway.conftest import eventually
from tests.served import Served, served, this_database

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def serve() -> Iterator[Any]:
    with ExitStack() as stack:
        yield lambda **environment: stack.enter_context(served(**environment))


def test_it_serves_pages_with_hashed_static_files_it_collects_itself(serve: Any, tmp_path: Path) -> None:
    server = serve(CONWAY_DATA_DIR=str(tmp_path))
    page = httpx2.get(server.url + "/sign-in").text
    css = re.search(r'href="(/static/site\.[0-9a-f]{12}\.css)"', page)
    assert css
    response = httpx2.get(server.url + css[1])
    assert response.status_code == 200
    assert "immutable" in response.headers["cache-control"]


def test_errors_under_v1_have_their_shape(serve: Any) -> None:
    server = serve()
    for path in ("/v1/nowhere", "/v1/chat/nowhere"):
        response = httpx2.get(server.url + path)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_the_sandbox_lives_as_long_as_the_server(serve: Any) -> None:
    server = serve(CONWAY_SANDBOX="1")
    first = sandbox_of(server)
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: sandbox_of(server) not in (0, first))
    second = sandbox_of(server)
    assert port_of(second) != "0"
    assert server.stop() == 0
    assert not Path(f"/proc/{second}").exists()


def test_the_sandbox_ends_with_a_killed_server(serve: Any) -> None:
    server = serve(CONWAY_SANDBOX="1")
    sandbox = sandbox_of(server)
    server.stop(signal.SIGKILL)
    assert eventually(lambda: not Path(f"/proc/{sandbox}").exists())


def sandbox_of(server: Served) -> int:
    """Its process id, or 0 while there is none."""
    for line in Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split():
        if "inference.sandbox" in command_of(int(line)):
            return int(line)
    return 0


def port_of(sandbox: int) -> str:
    command = command_of(sandbox)
    return command[command.index("--port") + 1]


def command_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def refusal(*arguments: str, **environment: str) -> str:
    command = [sys.executable, "manage.py", "serve", "--port", "0", *arguments]
    ended = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_it_says_that_a_database_is_not_migrated() -> None:
    bare = re.sub(r"dbname=\S+", "dbname=postgres", this_database())
    assert "The database is not migrated" in refusal(DATABASE_URL=bare)


def test_it_says_that_a_database_is_away() -> None:
    assert "The database cannot be used" in refusal(DATABASE_URL="postgresql://ann@127.0.0.1:1/books")


def test_it_says_that_a_port_is_taken(serve: Any) -> None:
    taken = str(serve().port)
    assert f"Cannot listen on 127.0.0.1:{taken}" in refusal("--port", taken, DATABASE_URL=this_database())


def test_several_workers_without_redis_get_a_warning() -> None:
    command = [sys.executable, "manage.py", "serve", "--port", "0", "--workers", "2"]
    with subprocess.Popen(
        command,
        env={**os.environ, "DATABASE_URL": this_database()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert "listens on http://127.0.0.1:" in process.stdout.readline()
        process.terminate()
        assert "Without REDIS_URL" in process.stderr.read()
        assert process.wait(30) == 0
