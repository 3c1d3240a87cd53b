"""Twice the body, at most about twice the work: of every list, map and string, of nesting and references, per dialect.

The loop is never held for 50 ms, a body costs at most a second, and memory at most eight times its size (and 32 MB:
a small body has a right to some). CPU time, because the machine is shared, and the least of some tries: what a busy
machine adds to one of them is not the body's.
"""

import asyncio
import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from accounts.authentication import Caller, Standing
from conway.common.errors import ApiError
from inference import catalog
from inference.catalog.snapshot import Catalog
from inference.chat.invalid_request import InvalidRequest
from inference.completion import preparing, process_pool
from tests import lasting_catalogue
from tests.attacks import bodies, spoken
from tests.attacks.bodies import READ, WRITTEN, Shape
from tests.attacks.spoken import FORMATS

MODELS = ("claude-haiku-4.5", "gemini-2.5-pro", "gpt-5.2", "gpt-5.2-codex", "kimi-k2.5")
CHAT = "chat/completions"
TWICE, CPU_NOISE, MEMORY_NOISE = 2.6, 0.08, 16 * 2**20
HELD_SECONDS, CPU_SECONDS = 0.05, 1.0
TIMES_THE_BODY, FREE_BYTES = 8, 32 * 2**20
MORE_TRIES = 4


@dataclass
class Cost:
    body: int
    cpu: float
    held: float
    memory: int

    def or_less(self, other: "Cost") -> "Cost":
        return Cost(self.body, min(self.cpu, other.cpu), min(self.held, other.held), min(self.memory, other.memory))


@pytest.fixture(autouse=True)
def small_heap() -> None:
    """As in a worker: a collection walks through what requests made, not through all of the test run, which stays
    frozen afterwards (tests/garbage.py)."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def book(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Catalog]:
    """The catalogue as it is loaded, every provider with a key; the database keeps nothing of it."""
    keys = {name: {**given, "api_key": "key"} for name, given in settings.PROVIDERS.items()}
    with override_settings(PROVIDERS=keys):
        with django_db_blocker.unblock(), transaction.atomic():
            lasting_catalogue.load()
            catalog.forget()
            found = catalog.current_sync()
            transaction.set_rollback(True)
        catalog.forget()
        yield found


@pytest.mark.django_db  # for the catalogue
@pytest.mark.parametrize("name", [*WRITTEN, *READ])
def test_twice_the_body_costs_at_most_twice(book: Catalog, name: str) -> None:
    """What every dialect writes, in the format that dialects grew from; of other formats what they read themselves."""
    one = MODELS[len(name) % len(MODELS) :][:1]
    asked = [(format, model) for format in FORMATS for model in (MODELS if name in WRITTEN and format == CHAT else one)]
    asyncio.run(grows(book, (WRITTEN | READ)[name], asked))


async def grows(book: Catalog, shape: Shape, asked: list[tuple[str, str]]) -> None:
    await process_pool.run(0, time.process_time)  # it is there
    count, fields = shape
    small, large = fields(count), fields(2 * count)
    for format, model in asked:
        one, two = spoken.body(format, model, small), spoken.body(format, model, large)
        least = await cost(book, format, one), await cost(book, format, two)
        for _ in range(MORE_TRIES):
            if not faults(*least):
                break
            least = least[0].or_less(await cost(book, format, one)), least[1].or_less(await cost(book, format, two))
        assert faults(*least) == [], f"{model} by {format}"


def faults(one: Cost, two: Cost) -> list[str]:
    """Of a body, and of one of twice its size."""
    bounds = {
        "CPU grows": (two.cpu, TWICE * one.cpu + CPU_NOISE),
        "memory grows": (two.memory, TWICE * one.memory + MEMORY_NOISE),
        "CPU": (two.cpu, CPU_SECONDS),
        "loop held": (max(one.held, two.held), HELD_SECONDS),
        "memory": (two.memory, TIMES_THE_BODY * two.body + FREE_BYTES),
    }
    return [f"{what}: {found:.3g} > {most:.3g}" for what, (found, most) in bounds.items() if found > most]


async def cost(book: Catalog, format: str, body: bytes) -> Cost:
    """Of preparing a body, refused or not, in this process and in the pool's."""
    standing = Standing(100_000, 0, 0, 60, time.monotonic())
    caller = Caller(0, None, None, None, None, None, None, standing=standing)
    there = await process_pool.run(0, bodies.forget_peak)
    here = bodies.forget_peak()
    cpu_there, _ = await process_pool.run(0, bodies.cpu_and_peak)
    async with Heartbeat() as heart:
        began = time.process_time()
        try:
            prepared = await preparing.prepare(FORMATS[format], caller, body, book)
            await prepared.measure.bound()
        except (ApiError, InvalidRequest):
            pass  # refusing costs, too
        cpu = time.process_time() - began
    _, peak_here = bodies.cpu_and_peak()
    cpu_after, peak_there = await process_pool.run(0, bodies.cpu_and_peak)
    return Cost(len(body), cpu + cpu_after - cpu_there, heart.longest, peak_here - here + peak_there - there)


class Heartbeat:
    """Beats every millisecond; the most CPU time of this process between two beats is how long it held the loop."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def __aenter__(self) -> "Heartbeat":
        self.task = asyncio.create_task(self.beat())
        await asyncio.sleep(0.001)
        return self

    async def __aexit__(self, *_: Any) -> None:
        await asyncio.sleep(0.002)
        self.task.cancel()

    async def beat(self) -> None:
        last = time.process_time()
        while True:
            await asyncio.sleep(0.001)
            now = time.process_time()
            self.longest = max(self.longest, now - last)
            last = now
