"""Counters, gauges and histograms for Prometheus, added up over the workers of a machine.

Each worker writes what it counts to mapped files in a folder that its parent made; whichever is scraped adds them up. A
worker has a seat, and the next one in that seat counts on in the same files: they are as many as there are seats, and a
counter never falls because a worker died. A process that joins no folder (a command, a test) counts for itself.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

__all__ = ["Collector", "Counter", "Gauge", "Histogram", "join", "labelled", "seat", "text"]

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own name for it
# Whoever inherits it is no worker, and counts for itself: two in one seat would spoil each other's files.
os.environ.pop(FOLDER, None)
values.ValueClass = values.MutexValue

KINDS = ("counter", "histogram", "gauge_sum", "gauge_max")  # a file each: gauges need one of these modes
FILE_BYTES = 2**20  # some five thousand series; labels are bounded below that

Labelled = TypeVar("Labelled", Counter, Gauge, Histogram)

_seat = ""


def join(folder: str, own_seat: str) -> None:
    """Before anything that counts is imported. Raises OSError where the disk has no room.

    The room is taken now: a write to a mapped file that a full disk cannot hold would end the process with SIGBUS.
    """
    global _seat
    for kind in KINDS:
        path = Path(folder, f"{kind}_{own_seat}.db")
        if kind.startswith("gauge"):
            path.unlink(missing_ok=True)  # what somebody who is gone had open is open no more
        with path.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, FILE_BYTES)
    _seat = own_seat
    os.environ[FOLDER] = folder
    os.register_at_fork(after_in_child=leave_the_seat)
    values.ValueClass = values.MultiProcessValue(lambda: _seat)  # type: ignore[no-untyped-call]  # untyped there


def leave_the_seat() -> None:
    """A worker's copy that counts does so in files of its own: both would write to the worker's."""
    global _seat
    _seat = f"{_seat}.{os.getpid()}"


def seat() -> str:
    return _seat or "0"


@lru_cache(maxsize=10_000)
def labelled(metric: Labelled, *labels: str | int) -> Labelled:
    """The one of these labels, found at once: `labels()` writes them as text and takes a lock, at each count."""
    return metric.labels(*labels)


def text(*beside: Collector) -> bytes:
    """All workers' metrics, and what is looked up just now."""
    registry = CollectorRegistry(auto_describe=False)
    if folder := os.environ.get(FOLDER):
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]  # untyped there
    else:
        registry.register(REGISTRY)
    for collector in beside:
        registry.register(collector)
    return generate_latest(registry)
