"""What a worker measures of itself once a second, and /metrics, which tells all workers' counts to Prometheus."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.core import GaugeMetricFamily, Metric

from conway import operators
from conway.common import database
from conway.common.database import DatabaseUnavailable
from conway.common.errors import ApiError
from conway.common.metrics import Collector, Counter, Gauge, Histogram, seat, text
from conway.postgresql.base import DatabaseWrapper
from inference import metrics
from inference.api import asgi
from inference.api.asgi import Scope, Send
from inference.billing import settlement
from inference.completion import task
from inference.upstream import client as upstream
from inference.upstream.providers import PROVIDERS

SAMPLE_SECONDS = 1.0
LAG_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

LAG = Histogram("conway_loop_lag_seconds", "How late the event loop came to a timer.", buckets=LAG_SECONDS)
MEMORY = Gauge("conway_resident_bytes", "Memory of a worker.", ["worker"], multiprocess_mode="max")
TASKS = Gauge("conway_tasks", "Tasks of the workers' event loops.", multiprocess_mode="sum")
POOL_WAITING = Gauge(
    "conway_pool_waiting", "Who waits for a connection to the database.", ["pool"], multiprocess_mode="sum"
)
POOL_WAITS = Counter("conway_pool_waits", "Requests for a connection that had to wait.", ["pool"])
POOL_WAITED = Counter("conway_pool_waited_seconds", "How long they waited, all together.", ["pool"])


# Once a second


async def sample_for_ever() -> None:
    while True:
        due = time.monotonic() + SAMPLE_SECONDS
        await asyncio.sleep(SAMPLE_SECONDS)
        LAG.observe(max(0.0, time.monotonic() - due))
        sample()


def sample() -> None:
    running = [under_way.state for under_way in task.running.values()]
    metrics.RUNNING.set(len(running))
    metrics.OPEN_STREAMS.set(sum(state.is_stream and not state.client_left for state in running))
    metrics.UNBOOKED.set(sum(completion_id not in task.running for completion_id in settlement.waiting))
    for name, provider in PROVIDERS.items():
        metrics.UPSTREAM_IN_USE.labels(name).set(upstream.in_use(name))
        metrics.UPSTREAM_SLOTS.labels(name).set(settings.CONWAY_PROVIDER_CONNECTIONS)
        metrics.KEYS_RESTING.labels(name).set(provider.keys.resting)
    MEMORY.labels(seat()).set(resident_bytes())
    TASKS.set(len(asyncio.all_tasks()))
    for name, pool in pools():
        stats = pool.pop_stats()  # and begins to count anew
        POOL_WAITING.labels(name).set(stats.get("requests_waiting", 0))
        POOL_WAITS.labels(name).inc(stats.get("requests_queued", 0))
        POOL_WAITED.labels(name).inc(stats.get("requests_wait_ms", 0) / 1000)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def pools() -> Iterator[tuple[str, Any]]:
    if (completions := database.pool_of_this_loop()) is not None:
        yield "completions", completions
    for share, by_alias in DatabaseWrapper._pools.items():
        if (pool := by_alias.get(DEFAULT_DB_ALIAS)) is not None:
            yield share, pool


# When scraped


class Now(Collector):
    """What is the same whichever worker is asked: looked up, and counted by none of them."""

    def __init__(self, known: dict[str, tuple[str, float]]) -> None:
        self.known = known

    def collect(self) -> Iterator[Metric]:
        for name, (what, value) in self.known.items():
            yield GaugeMetricFamily(name, what, value)


async def looked_up() -> dict[str, tuple[str, float]]:
    size, age = await asyncio.to_thread(spool_size_and_age)
    known = {
        "conway_spool_bytes": ("Settlements on this machine's disk.", float(size)),
        "conway_spool_oldest_seconds": ("The age of the oldest file of them.", age),
    }
    try:
        holds, cents, oldest = await database.fetch_one(HELD_NOW_SQL) or (0, 0, 0)
    except DatabaseUnavailable:
        return {**known, "conway_database_up": ("Whether the database answers.", 0)}
    return {
        **known,
        "conway_database_up": ("Whether the database answers.", 1),
        "conway_holds_open": ("Holds open, of the whole installation.", holds),
        "conway_held_cents": ("What they hold.", float(cents)),
        "conway_oldest_hold_seconds": ("The age of the oldest hold.", float(oldest)),
    }


def spool_size_and_age() -> tuple[int, float]:
    """An empty file is one whose settlements have all been booked."""
    size, oldest = 0, time.time()
    for path in Path(settings.CONWAY_DATA_DIR, "spool").glob("*.jsonl"):
        try:
            known = path.stat()
        except FileNotFoundError:  # booked meanwhile
            continue
        if known.st_size:
            size, oldest = size + known.st_size, min(oldest, known.st_mtime)
    return size, max(0.0, time.time() - oldest)


async def page(scope: Scope, send: Send) -> None:
    if not operators.may_scrape(scope):
        return await asgi.refuse(ApiError(404), send)
    body = await asyncio.to_thread(text, Now(await looked_up()))  # adding up takes longer than the loop should stand
    headers = [(b"content-type", CONTENT_TYPE_LATEST.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


HELD_NOW_SQL = """
SELECT count(*), coalesce(sum(cents), 0),
       coalesce(extract(epoch FROM clock_timestamp() - min(admitted_at)), 0)
FROM credits_hold"""
