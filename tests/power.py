"""What would be left if the machine lost its power: which folders were written to the disk, with the names in them."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def synced(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    folders: list[Path] = []
    true = os.fsync

    def fsync(descriptor: int) -> None:
        true(descriptor)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            folders.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield folders
