"""A rehearsal: load, a backup, more load, a crash, a restore to a moment. No cent is unexplained."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from conway import embedded, unprivileged
from tests.conway.conftest import eventually
from tests.faults.postgres import Postgres
from tests.sdk.gateway import plain_folder
from tests.served import Served, served

DEPLOY = Path(__file__).parents[2] / "deploy"
BINARIES = Path(unprivileged.binary("psql")).parent
NAME = "rehearsal"
BALANCE = "SELECT balance_cents FROM credits_creditaccount"
ROWS = "SELECT id FROM inference_completion"

pytestmark = [
    pytest.mark.skipif(not (BINARIES / "pg_basebackup").exists(), reason="pg_basebackup is not among the binaries"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def backups() -> Iterator[Path]:
    """Where the server's own user can go: pytest's folders are ours alone."""
    folder = Path(tempfile.mkdtemp(prefix="conway-backups-"))
    folder.chmod(0o755)
    (folder / "wal").mkdir()
    (folder / "wal").chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, backups: Path) -> Iterator[Postgres]:
    """With an archive, as deploy/backup.sh tells to."""
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    with (server.access / "pg_hba.conf").open("a") as access:
        access.write("host replication all 127.0.0.1/32 scram-sha-256\n")
    said = re.search(r"archive_command = '(.*)'", (DEPLOY / "backup.sh").read_text())
    assert said
    command = said[1].replace("/var/backups/conway", str(backups))
    server.run("ALTER SYSTEM SET archive_mode = on", f"ALTER SYSTEM SET archive_command = '{command}'")
    server.run(f"CREATE DATABASE {NAME} TEMPLATE migrated")
    server.restart()
    yield server
    server.close()


def script(name: str, *arguments: str, **environment: str) -> str:
    path = f"{BINARIES}:{os.environ['PATH']}"
    done = subprocess.run(
        [str(DEPLOY / name), *arguments],
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def manage(server: Postgres, *arguments: str) -> str:
    named = {"DATABASE_URL": server.url(NAME), "CONWAY_MIGRATION_DATABASE_URL": server.url(NAME, embedded.OWNER)}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], env={**os.environ, **named}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def looked_up(server: Postgres, sql: str) -> list[Any]:
    with psycopg.connect(server.url(NAME)) as connected:
        return [row[0] for row in connected.execute(sql)]  # type: ignore[arg-type]


def completion(gateway: Served, key: str, text: str = "say 20 words") -> httpx2.Response:
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": text}]}
    return httpx2.post(
        f"{gateway.url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"}, timeout=60
    )


def restored(server: Postgres, cluster: Path, programs: Path) -> Postgres:
    """A server on another cluster, at the same address."""
    found = Postgres.__new__(Postgres)
    found.__dict__ |= {**server.__dict__, "cluster": cluster, "programs": programs, "process": None}
    if os.geteuid() == 0:
        for path in (cluster, *cluster.rglob("*")):
            os.chown(path, unprivileged.NOBODY, unprivileged.NOBODY, follow_symlinks=False)
    found.start()
    return found


@pytest.fixture
def kept(backups: Path) -> Callable[[], list[str]]:
    return lambda: sorted(path.name for path in backups.glob("2*Z"))


def test_old_backups_and_the_log_before_them_are_removed(
    server: Postgres, backups: Path, kept: Callable[[], list[str]]
) -> None:
    for _ in range(3):
        server.run("SELECT pg_switch_wal()")
        script("backup.sh", str(backups), server.url("postgres", embedded.OWNER), CONWAY_BACKUPS_KEPT="2")
        time.sleep(1.1)  # their names have seconds
    assert len(kept()) == 2
    label = (backups / kept()[0] / "backup_label").read_text()
    first = re.search(r"file ([0-9A-F]+)", label)
    assert first
    assert [path.name for path in (backups / "wal").iterdir() if path.name[:24] < first[1]] == []


def test_a_restore_to_a_moment_has_every_cent_until_then_and_the_spool_beyond(
    server: Postgres, backups: Path, tmp_path: Path
) -> None:
    made = manage(server, "issue_key", "alice@example.org", "--credits", "500", "--reference", "INV-1", "--unproven")
    key = made.split()[-1]
    state = plain_folder(tmp_path / "state")
    named = {"DATABASE_URL": server.url(NAME), "CONWAY_DATA_DIR": str(state), "CONWAY_SANDBOX": "1"}
    with served(**named) as gateway:

        def load(times: int) -> None:
            assert {completion(gateway, key).status_code for _ in range(times)} == {200}

        load(5)
        backup = script("backup.sh", str(backups), server.url("postgres", embedded.OWNER))
        assert (Path(backup) / "backup_manifest").exists()
        load(5)
        time.sleep(1.1)  # a moment has seconds, and what came before it is before it
        (moment,) = looked_up(server, "SELECT clock_timestamp()::text")
        balance, until_then = looked_up(server, BALANCE), set(looked_up(server, ROWS))
        time.sleep(1.1)
        load(3)
        lost = set(looked_up(server, ROWS)) - until_then
        server.run("SELECT pg_switch_wal()")
        assert eventually(lambda: archived(server), 30)

        # The crash, with an answer under way: its settlement goes to the spool.
        answers: list[httpx2.Response] = []
        asking = threading.Thread(target=lambda: answers.append(completion(gateway, key, "say 30 words [[pace=100]]")))
        asking.start()
        assert eventually(lambda: looked_up(server, "SELECT 1 FROM credits_hold"))
        server.stop(signal.SIGQUIT)
        asking.join(60)
        assert answers[0].status_code == 200
        assert answers[0].headers["x-conway-settlement"] == "pending"

        cluster = backups / "restored"
        script("restore.sh", str(backups), str(cluster), moment)
        back = restored(server, cluster, tmp_path / "programs2")
        try:
            assert eventually(lambda: looked_up(back, "SELECT 1 WHERE NOT pg_is_in_recovery()"), 30)
            spooled = {answers[0].json()["id"]}
            assert eventually(lambda: spooled <= set(looked_up(back, ROWS)), 30)  # the gateway has replayed it
            manage(back, "grant_roles")
            manage(back, "audit_ledger")
            rows = set(looked_up(back, ROWS))
            assert rows == until_then | spooled
            assert (len(lost), rows & lost) == (3, set())
            charged = int(answers[0].headers["x-conway-charged-cents"])
            assert looked_up(back, BALANCE) == [balance[0] - charged]
            load(2)
            manage(back, "audit_ledger")
        finally:
            back.stop()
            unprivileged.forget_copy(tmp_path / "programs2")
            server.start()


def archived(server: Postgres) -> list[Any]:
    return looked_up(server, "SELECT 1 FROM pg_stat_archiver WHERE last_archived_time > now() - interval '20 s'")


def test_a_restore_over_a_cluster_that_is_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    command = [str(DEPLOY / "restore.sh"), str(tmp_path), str(tmp_path / "cluster")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "is there already" in done.stderr
