"""`manage.py serve` itself, on this test's database, and what it does with the sandbox."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.core.management import CommandError, call_command

from tests.conway.conftest import eventually
from tests.sdk.gateway import plain_folder
from tests.served import Served, served, this_database

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_serves_pages_with_hashed_static_files_it_collects_itself_and_errors_in_their_shape(tmp_path: Path) -> None:
    with served(CONWAY_DATA_DIR=str(tmp_path)) as server:
        page = httpx2.get(server.url + "/sign-in").text
        css = re.search(r'href="(/static/site\.[0-9a-f]{12}\.css)"', page)
        assert css
        response = httpx2.get(server.url + css[1])
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
        for path in ("/v1/nowhere", "/v1/chat/nowhere"):
            response = httpx2.get(server.url + path)
            assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_the_sandbox_lives_as_long_as_the_server(answers: Callable[..., Served]) -> None:
    server = answers(1, "sandbox")
    first = sandbox_of(server)
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: sandbox_of(server) not in (0, first))
    second = sandbox_of(server)
    assert port_of(second) != "0"
    assert server.stop() == 0
    assert not Path(f"/proc/{second}").exists()


def test_the_sandbox_ends_with_a_killed_server(answers: Callable[..., Served]) -> None:
    server = answers(1, "sandbox")
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


def refusal(**environment: str) -> str:
    command = [sys.executable, "manage.py", "serve", "--port", "0"]
    ended = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_it_says_that_a_database_is_not_migrated() -> None:
    bare = re.sub(r"dbname=\S+", "dbname=postgres", this_database())
    assert "The database is not migrated" in refusal(DATABASE_URL=bare)


def test_it_says_that_a_database_is_away() -> None:
    assert "The database cannot be used" in refusal(DATABASE_URL="postgresql://ann@127.0.0.1:1/books")


@pytest.mark.parametrize(("workers", "is_warned"), [(1, False), (2, True)])
def test_it_says_that_a_port_is_taken_and_warns_of_several_workers_without_redis(
    settings: Any, tmp_path: Path, workers: int, is_warned: bool
) -> None:
    settings.STATIC_ROOT, said = plain_folder(tmp_path) / "static", io.StringIO()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Cannot listen on 127.0.0.1:{port}"):
            call_command("serve", port=port, workers=workers, stderr=said)
    assert ("Without REDIS_URL" in said.getvalue()) is is_warned
