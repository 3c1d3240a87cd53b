"""Settlements that the database would not take: fsynced to a file, replayed until it does.

One file per process under CONWAY_DATA_DIR/spool, held by a kernel lock while its writer lives, so any process on the
machine may take over a file whose lock is free. A torn last line is what a crash in mid-write leaves: nobody was told
it had worked.
"""

import fcntl
import json
import os
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

from conway.common.durable import sync_folder

PROCESS = uuid.uuid4().hex  # holds carry it: whose heartbeat keeps them


class Spool:
    """This process's own file."""

    def __init__(self, folder: Path, process: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / f"{process}.jsonl"
        self.file: IO[bytes] | None = None
        self.turn = threading.Lock()  # settlements come from several threads; taking one back must not take another's

    def write(self, entry: dict[str, Any]) -> None:
        """Blocks for one fsync; on disk when it returns. Raises OSError (a full disk), and then nothing was kept."""
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        with self.turn:
            if self.file is None:
                self.file = open_locked(self.path)
            begin = self.file.seek(0, os.SEEK_END)
            try:
                write_all(self.file, line)
                os.fsync(self.file.fileno())
            except OSError:
                os.ftruncate(self.file.fileno(), begin)
                raise

    def clear(self) -> None:
        """Everything in it is settled."""
        with self.turn:
            if self.file is not None:
                os.ftruncate(self.file.fileno(), 0)


def try_folder(folder: Path) -> None:
    """Whether a settlement could be kept there. Blocks for one fsync; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b".")
        file.flush()
        os.fsync(file.fileno())


def write_all(file: IO[bytes], line: bytes) -> None:
    """A disk that fills up takes the first half without a word; only the second is refused."""
    while line:
        line = line[file.write(line) :]


def open_locked(path: Path) -> IO[bytes]:
    """Stays open as long as the process, and with it the lock. Whoever took a file not locked yet for an orphan has
    unlinked it: then another is made."""
    while True:
        file = open(path, "a+b", buffering=0)  # noqa: SIM115 - the lock lives as long as it
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
            sync_folder(path.parent)
            return file
        file.close()


def read(path: Path) -> list[dict[str, Any]]:
    return list(whole_lines(path.read_bytes()))


def whole_lines(content: bytes) -> Iterator[dict[str, Any]]:
    for line in content.split(b"\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry


def orphans(folder: Path) -> Iterator[tuple[list[dict[str, Any]], Callable[[], None]]]:
    """Entries of processes that are gone, each with the call that forgets them; their lock is ours while the caller
    works.
    """
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        try:
            file = open(path, "rb")  # noqa: SIM115 - closed below, with its lock
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        try:
            yield read(path), partial(path.unlink, missing_ok=True)
        finally:
            file.close()
