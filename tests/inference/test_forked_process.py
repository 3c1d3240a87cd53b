"""The process for large requests that a worker of the server forks: seen from such a worker, a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

# What `conway.server` does until its event loop begins, without the rest of what it serves.
WORKER = """
import asyncio, gc, json, os, socket, sys, threading, time
gc.disable()
from conway.common import metrics
metrics.join(sys.argv[1], "0")
asked = metrics.Counter("asked", "How often")
asked.inc()
import django
django.setup()
from inference.completion import process_pool
from tests.inference.test_forked_process import count, files, modules
listening = socket.create_server(("127.0.0.1", 0))
process_pool.fork()
forked = process_pool._forked[0]
process_pool.start()

def ask(function, *arguments):
    return asyncio.run(process_pool.run(1, function, *arguments))

said = {"answered by": ask(os.getpid), "forked": forked.pid, "modules": ask(modules), "files": ask(files)}
said["session"] = ask(os.getsid, 0)
said["collects"] = ask(gc.isenabled)
said["counted there"] = ask(count)
said["counted"] = metrics.text().decode()
process_pool.fork()
said["forked beside threads"] = len(process_pool._forked)
try:
    ask(os._exit, 3)
except Exception as error:
    said["at its death"] = str(error)
said["status"] = forked.wait()
said["next"] = ask(os.getpid)
again = process_pool.Forked()
again.kill()
said["killed"] = again.wait()
print(json.dumps(said))
"""


def modules() -> int:
    return len(sys.modules)


def files() -> list[str]:
    return [os.readlink(f"/proc/self/fd/{name}") for name in ("0", "1")] + [
        kind for kind in map(kind_of, os.listdir("/proc/self/fd")) if kind == "socket"
    ]


def kind_of(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}").partition(":")[0]
    except OSError:  # that of the listing itself
        return ""


def count() -> None:
    from prometheus_client import REGISTRY

    REGISTRY._names_to_collectors["asked_total"].inc()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("metrics")
    environment = {**os.environ, "DATABASE_URL": "postgresql:///unused"}
    program = [sys.executable, "-c", WORKER, str(folder)]
    ended = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return {**found, "folder": folder}


def test_it_answers_with_all_that_was_imported(said: dict[str, Any]) -> None:
    assert said["answered by"] == said["forked"] != os.getpid()
    assert said["modules"] > 500


def test_it_holds_no_socket_of_the_worker_and_is_in_a_session_of_its_own(said: dict[str, Any]) -> None:
    assert "socket" not in said["files"] and said["files"][0].startswith("pipe:")
    assert said["session"] == said["forked"]


def test_it_collects_garbage(said: dict[str, Any]) -> None:
    assert said["collects"] is True


def test_what_it_counts_does_not_overwrite_what_the_worker_counted(said: dict[str, Any]) -> None:
    assert "asked_total 2.0" in said["counted"]
    files = {path.name for path in Path(said["folder"]).glob("counter_*")}
    assert files == {"counter_0.db", f"counter_0.{said['forked']}.db"}


def test_when_it_dies_the_request_is_refused_and_the_next_process_begins_from_nothing(said: dict[str, Any]) -> None:
    assert "waiting" in said["at its death"] and said["status"] == 3
    assert said["next"] not in (said["forked"], os.getpid())


def test_it_is_killed_as_any_other(said: dict[str, Any]) -> None:
    assert said["killed"] == -9


def test_a_process_with_threads_forks_none(said: dict[str, Any]) -> None:
    assert said["forked beside threads"] == 0
