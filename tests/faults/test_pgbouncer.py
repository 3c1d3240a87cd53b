"""Behind PgBouncer in transaction mode: each statement may meet another session of the database."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import psycopg
import pytest

from credits.models import NoticeScan
from tests.conway.conftest import eventually
from tests.faults.conftest import Stage
from tests.faults.postgres import free_port

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
SESSIONS = 4  # of PostgreSQL, for all that the gateway has

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="there is no pgbouncer on this machine: not tried")

SETTINGS = """
[databases]
{name} = host=127.0.0.1 port={server} dbname={name}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {sessions}
{user}
"""


def version() -> tuple[int, ...]:
    assert PGBOUNCER
    said = subprocess.run([PGBOUNCER, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, said.split()[1].split(".")[:2]))


@pytest.fixture
def pgbouncer() -> Iterator[Callable[[str], str]]:
    """Stands before the database of an address, and tells its own."""
    with ExitStack() as stack:

        def before(url: str) -> str:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="conway-pgbouncer-")))
            parts, port = urlsplit(url), free_port()
            named = {"name": parts.path[1:], "server": parts.port, "port": port, "folder": folder, "sessions": SESSIONS}
            text = SETTINGS.format(**named, user="user = nobody" if os.geteuid() == 0 else "")
            keeps = "max_prepared_statements = 100\n" if version() >= (1, 21) else ""
            (folder / "ini").write_text(text + keeps)
            (folder / "users").write_text(f'"{parts.username}" "{parts.password}"\n')
            folder.chmod(0o755)
            assert PGBOUNCER
            process = subprocess.Popen([PGBOUNCER, "-q", str(folder / "ini")])
            stack.callback(process.wait, 10)
            stack.callback(process.kill)  # from 1.23 on SIGTERM waits for its clients
            own = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
            assert eventually(lambda: answers(own))
            return own

        yield before


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def test_all_that_serves_works_behind_it_and_the_books_are_right(
    stage: Stage, pgbouncer: Callable[[str], str], note: Callable[..., Any]
) -> None:
    prepared = "1" if version() >= (1, 21) else "0"
    scene = stage(through=pgbouncer, workers=2, CONWAY_PREPARED_STATEMENTS=prepared)
    customers = [scene.customer(500) for _ in range(5)]
    asked = [
        (each, "gpt-5-mini", f"say 9 words {turn}", {"stream": bool(turn % 2)})
        for turn in range(8)
        for each in customers
    ]
    scene.ask_all(asked)
    scene.all_saw_the_end()

    async def pages() -> set[int]:
        headers = {"authorization": f"Bearer {customers[0].secret}"}
        paths = ("/v1/credits/balance", "/v1/auth/me", "/v1/credits/history") * 5
        async with aiohttp.ClientSession() as session:
            return {(await session.get(scene.gateway.url + path, headers=headers)).status for path in paths}

    assert asyncio.run(pages()) == {200}
    assert eventually(NoticeScan.objects.exists, 30)  # notices looked, each in sessions of others
    reckoning = note(scene, f"PgBouncer in transaction mode, {SESSIONS} sessions")
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}
