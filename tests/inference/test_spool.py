import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inference.billing import spool
from inference.billing.spool import Spool
from tests.power import synced

HOLDER = """
import sys
from pathlib import Path
from inference.billing.spool import Spool
own = Spool(Path(sys.argv[1]), "dead")
own.write({"n": 1})
print("written", flush=True)
sys.stdin.read()
"""


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file of this process may grow beyond that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def entries(folder: Path) -> list[int]:
    return [entry["n"] for path in folder.glob("*.jsonl") for entry in spool.read(path)]


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    own = Spool(tmp_path / "new folder", "me")
    for number in range(3):
        own.write({"n": number})
    assert entries(tmp_path / "new folder") == [0, 1, 2]
    own.clear()
    assert entries(tmp_path / "new folder") == []


def test_the_name_of_a_new_file_survives_a_loss_of_power(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with synced(monkeypatch) as folders:
        own = Spool(tmp_path, "me")
        for number in range(3):
            own.write({"n": number})
    assert folders == [tmp_path]


@pytest.mark.parametrize("torn", [b'{"n": 2', b'{"n', b"\xff\xfe", b"[1, 2]\n", b"null\n", b""])
def test_a_torn_line_is_ignored(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "dead.jsonl").write_bytes(b'{"n":0}\n{"n":1}\n' + torn)
    assert entries(tmp_path) == [0, 1]


@pytest.mark.parametrize("room", [0, 9, 25])
def test_a_disk_that_fills_up_in_mid_line_keeps_the_lines_before(tmp_path: Path, room: int) -> None:
    own = Spool(tmp_path, "me")
    own.write({"n": 0})
    with full_disk(room + 8), pytest.raises(OSError):
        own.write({"n": 1, "text": "x" * 100})
    own.write({"n": 2})
    assert entries(tmp_path) == [0, 2]


def test_who_fails_takes_nobody_elses_line_back(tmp_path: Path) -> None:
    own, written, failed = Spool(tmp_path, "me"), [], []

    def write(number: int) -> None:
        try:
            own.write({"n": number, "text": "x" * (10_000 if number % 2 else 10)})
            written.append(number)
        except OSError:
            failed.append(number)

    with full_disk(6_000):
        threads = [threading.Thread(target=write, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(entries(tmp_path)) == sorted(written)
    assert len(failed) >= 20


def test_a_live_writers_file_is_nobody_elses(tmp_path: Path) -> None:
    own = Spool(tmp_path, "me")
    own.write({"n": 0})
    assert list(spool.orphans(tmp_path)) == []


def test_a_dead_writers_file_is_found_and_forgotten(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout
        writer.stdout.readline()
        assert list(spool.orphans(tmp_path)) == []
        os.kill(writer.pid, signal.SIGKILL)
    ((found, forget),) = spool.orphans(tmp_path)
    assert found == [{"n": 1}]
    forget()
    assert entries(tmp_path) == []


def test_a_file_that_was_taken_for_an_orphan_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, lock = Spool(tmp_path, "me"), spool.fcntl.flock
    thefts = iter([True])

    def lock_late(file: object, how: int) -> None:
        if next(thefts, False):
            own.path.unlink()
        lock(file, how)  # type: ignore[arg-type]

    monkeypatch.setattr(spool.fcntl, "flock", lock_late)
    own.write({"n": 0})
    assert entries(tmp_path) == [0]
