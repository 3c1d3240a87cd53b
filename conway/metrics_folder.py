"""Where the workers of one `serve` count (conway.common.metrics): made with it, and gone with it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


@contextmanager
def made() -> Iterator[Path]:
    home = Path(settings.CONWAY_DATA_DIR, "metrics")
    for folder in home.glob("*"):
        if not is_alive(folder.name):  # its parent was killed before it could remove it
            shutil.rmtree(folder, ignore_errors=True)
    own = home / str(os.getpid())
    shutil.rmtree(own, ignore_errors=True)  # of a process before us that had our number
    own.mkdir(parents=True, mode=0o700)
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def is_alive(process_id: str) -> bool:
    return Path("/proc", process_id).exists()
