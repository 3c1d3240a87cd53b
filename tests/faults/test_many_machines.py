"""Gateways on machines of their own (two, in the long form three), a PostgreSQL with a standby, Redis, wrong clocks."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import psycopg
import pytest

from conway import embedded
from inference.models import Completion
from tests import lasting_catalogue
from tests.conway.conftest import eventually
from tests.faults.caller import Caller, Heard
from tests.faults.conftest import LONG, REPAIR_SECONDS, SHORT_PATIENCE
from tests.faults.gateway import Gateway
from tests.faults.machines import Machine, network, why_not, wrong_clock
from tests.faults.postgres import TEMPLATE, Postgres, free_port
from tests.faults.scenario import Customer, Scene
from tests.faults.test_crowds import max_at_once
from tests.faults.upstream import Upstream

GATEWAYS = 3 if LONG else 2
STREAMS = 30 if LONG else 8  # on each gateway
CLOCK_SECONDS = 5  # the second gateway's is ahead by so much, the standby's behind
FAILOVER_SECONDS = 10
CUT_SECONDS = 20 if LONG else 7  # longer than the reaper's patience (SHORT_PATIENCE)
NAME = "machines"
REDIS = shutil.which("redis-server")

REASON = why_not()
pytestmark = [
    pytest.mark.skipif(bool(REASON), reason=f"no machines can be made here, not tried: {REASON}"),
    pytest.mark.timeout(900),
]


@dataclass
class Machines:
    """`at`: where each gateway runs. The scene's gateway is the first."""

    scene: Scene
    gateways: list[Gateway]
    at: list[Machine]
    primary: Postgres
    standby: Postgres
    redis: "subprocess.Popen[bytes] | None"
    clocks_differ: bool


@dataclass
class Load:
    """Small requests one after another on each gateway, until it is over. `heard` of which gateway, and when."""

    over: bool
    heard: list[tuple[int, float, Heard]]

    async def client(self, number: int, caller: Caller, customer: Customer) -> None:
        turn = 0
        while not self.over:
            turn += 1
            heard = await caller.ask(
                customer.secret, "gpt-5-mini", f"say 5 words {number} {turn}", stream=bool(turn % 2)
            )
            self.heard.append((number, time.monotonic(), heard))
            await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def laid_out(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, ...]]:
    folder = tmp_path_factory.mktemp("machines")
    with ExitStack() as stack:
        net = stack.enter_context(network())
        clocks = Path(stack.enter_context(shared_folder()))
        ahead, behind = (wrong_clock(clocks, seconds) for seconds in (CLOCK_SECONDS, -CLOCK_SECONDS))
        upstream = Upstream(net.address)
        stack.callback(upstream.close)
        (folder / "primary").mkdir()
        primary = Postgres(folder / "primary", migrated=False, machine=net.machine())
        stack.callback(primary_closed, primary)
        primary.copy_template(postgres)
        primary.run(f"CREATE DATABASE {NAME} TEMPLATE {TEMPLATE}")
        (folder / "standby").mkdir()
        standby = primary.standby(folder / "standby", net.machine().with_clock(behind or {}))
        stack.callback(standby.close)
        redis, redis_url = started_redis(net.address, folder)
        if redis:
            stack.callback(stopped, redis)
        at = [net.machine() for _ in range(GATEWAYS)]
        login = f"{embedded.APPLICATION}:{primary.password}"
        hosts = ",".join(f"{server.machine.address}:{server.port}" for server in (primary, standby))
        url = f"postgresql://{login}@{hosts}/{NAME}?target_session_attrs=read-write&connect_timeout=2"
        chosen = {**SHORT_PATIENCE, "ALLOWED_HOSTS": "*", "SECRET_KEY": "of these machines", **redis_url}
        gateways = []
        for number, machine in enumerate(at):
            clock = machine.with_clock(ahead if number == 1 and ahead else {})
            gateways.append(Gateway(folder / f"gateway{number}", url, upstream.url, machine=clock, **chosen))
            stack.callback(gateways[-1].close)
        yield upstream, primary, standby, redis, at, gateways, ahead is not None


@pytest.fixture
def machines(laid_out: tuple[Any, ...], books_at: Callable[[str], None]) -> Machines:
    upstream, primary, standby, redis, at, gateways, clocks_differ = laid_out
    books_at(primary.url(NAME))
    lasting_catalogue.load()
    upstream.forget()
    return Machines(Scene(gateways[0], upstream), gateways, at, primary, standby, redis, clocks_differ)


def shared_folder() -> "tempfile.TemporaryDirectory[str]":
    """Where the server's own user can go, too."""
    folder = tempfile.TemporaryDirectory(prefix="conway-clocks-")
    os.chmod(folder.name, 0o755)
    return folder


def started_redis(address: str, folder: Path) -> "tuple[subprocess.Popen[bytes] | None, dict[str, str]]":
    if REDIS is None:
        return None, {}
    port = free_port()
    command = [
        REDIS,
        "--bind",
        address,
        "--port",
        str(port),
        "--save",
        "",
        "--protected-mode",
        "no",
        "--dir",
        str(folder),
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL), {"REDIS_URL": f"redis://{address}:{port}/0"}


def stopped(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(10)


def primary_closed(primary: Postgres) -> None:
    """It is gone already, where the failover was played."""
    with suppress(ProcessLookupError):
        primary.close()


def spread(machines: Machines, requests: list[tuple[Customer, str, str, dict[str, Any]]]) -> list[Heard]:
    """All at once, one gateway after the other in turn."""

    async def ask_all() -> list[Heard]:
        async with Callers(machines.gateways) as callers:
            turns = zip(cycle(callers), requests, strict=False)
            asked = (caller.ask(who.secret, model, text, **how) for caller, (who, model, text, how) in turns)
            return list(await asyncio.gather(*asked))

    heard = asyncio.run(ask_all())
    machines.scene.heard += heard
    return heard


class Callers:
    """A caller of each gateway."""

    def __init__(self, gateways: list[Gateway]) -> None:
        self.callers = [Caller(gateway.url) for gateway in gateways]

    async def __aenter__(self) -> list[Caller]:
        return [await caller.__aenter__() for caller in self.callers]

    async def __aexit__(self, *_: object) -> None:
        for caller in self.callers:
            await caller.__aexit__()


def under_load(machines: Machines, trouble: Callable[[], Any], words: int = 60) -> tuple[Load, list[list[Heard]]]:
    """`trouble` runs on a thread while every gateway has streams and small requests; the streams by gateway."""
    scene = machines.scene
    customers = [scene.customer(20_000) for _ in machines.gateways]
    load = Load(over=False, heard=[])

    async def play() -> list[list[Heard]]:
        async with Callers(machines.gateways) as callers:
            running = [
                asyncio.create_task(load.client(number, caller, customers[number]))
                for number, caller in enumerate(callers)
            ]
            streams = [[Heard() for _ in range(STREAMS)] for _ in callers]
            asking = [
                asyncio.create_task(
                    callers[number].ask(
                        customers[number].secret, "claude-haiku-4.5", f"say {words} words {number} {turn} [[pace=100]]",
                        stream=True, max_tokens=1_000, into=heard,
                    )
                )
                for number, several in enumerate(streams)
                for turn, heard in enumerate(several)
            ]  # fmt: skip
            while not all(heard.words for several in streams for heard in several):
                await asyncio.sleep(0.05)
            await asyncio.to_thread(trouble)
            load.over = True
            await asyncio.gather(*running, *asking)
            return streams

    streams = asyncio.run(play())
    scene.heard += [heard for _, _, heard in load.heard] + [heard for several in streams for heard in several]
    return load, streams


def test_the_limits_of_a_key_are_exact_across_machines(machines: Machines, note: Callable[..., Any]) -> None:
    scene = machines.scene
    dear, quick, narrow = (
        scene.customer(1_000, **limit)
        for limit in ({"limit_cents": 20}, {"requests_per_minute": 7}, {"concurrency": 3})
    )
    spent = spread(
        machines, [(dear, "claude-haiku-4.5", f"say 200 words {n}", {"max_tokens": 4_000}) for n in range(24)]
    )
    wait_for_room_in_the_minute(machines)
    rated = spread(machines, [(quick, "gpt-5-mini", f"hello {n}", {}) for n in range(24)])
    crowd = spread(machines, [(narrow, "gpt-5-mini", f"say 9 words {n} [[pace=100]]", {}) for n in range(24)])
    assert refusals(spent) == {"key_limit_reached"} and refusals(crowd) == {"concurrency_limited"}
    assert (sum(each.status == 200 for each in rated), refusals(rated)) == (7, {"rate_limit_exceeded"})
    note(scene, f"limits of keys on {GATEWAYS} machines")
    assert sum(completion.charged_cents for completion in dear.completions) <= 20
    assert max_at_once(narrow.completions) <= 3 <= sum(each.status == 200 for each in crowd)


def refusals(heard: list[Heard]) -> set[str]:
    return {each.error["code"] for each in heard if each.status != 200 and each.error}


def wait_for_room_in_the_minute(machines: Machines) -> None:
    """A minute is the database's: what is counted in one may not reach into the next."""
    with psycopg.connect(machines.primary.url(NAME)) as connected:
        left = connected.execute("SELECT 60 - extract(second FROM clock_timestamp())").fetchone()
    assert left
    if left[0] < 15:
        time.sleep(float(left[0]) + 0.1)


def test_a_machine_that_is_cut_off_harms_no_other_and_loses_no_cent(
    machines: Machines, note: Callable[..., Any]
) -> None:
    """What it had under way is settled by the others as lost, and corrected by itself when it is back."""

    def cut() -> None:
        time.sleep(1)
        with machines.at[-1].away():
            time.sleep(CUT_SECONDS)
        time.sleep(2)

    load, streams = under_load(machines, cut)
    others = [heard for number, _, heard in load.heard if number != GATEWAYS - 1]
    assert {heard.status for heard in others} == {200} and all(heard.saw_the_end for heard in others)
    assert all(heard.saw_the_end for several in streams[:-1] for heard in several)
    note(machines.scene, f"a machine cut off for {CUT_SECONDS} s", seconds=REPAIR_SECONDS, estimates_may_be_low=True)
    assert machines.clocks_differ or shutil.which("cc") is None


@pytest.mark.skipif(REDIS is None, reason="there is no redis-server on this machine: not tried")
def test_without_redis_no_request_is_refused(machines: Machines, note: Callable[..., Any]) -> None:
    """For good: the tests after this one have none, either."""
    assert machines.redis

    def away() -> None:
        time.sleep(1)
        stopped(machines.redis)  # type: ignore[arg-type]
        time.sleep(3)

    under_load(machines, away, words=40)
    machines.scene.all_saw_the_end()
    reckoning = note(machines.scene, f"Redis away under {GATEWAYS} machines")
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}


def test_a_failover_of_the_database_costs_seconds_and_no_cent(
    machines: Machines, books_at: Callable[[str], None], note: Callable[..., Any]
) -> None:
    """The primary's cable is drawn, the standby promoted: meanwhile 503 with retry-after, and every stream ends."""
    scene, primary, standby = machines.scene, machines.primary, machines.standby

    def fail_over() -> None:
        time.sleep(1)
        primary.machine.cut_off()  # no FIN, no RST: nobody is told
        standby.run("SELECT pg_promote()")
        time.sleep(FAILOVER_SECONDS + 5)

    load, streams = under_load(machines, fail_over, words=100)
    books_at(standby.url(NAME))
    assert {heard.status for _, _, heard in load.heard} <= {200, 503}
    refused = [(at, heard) for _, at, heard in load.heard if heard.status == 503]
    assert all(heard.headers.get("retry-after") for _, heard in refused)
    moments = [at for at, _ in refused]
    assert refused and max(moments) - min(moments) <= FAILOVER_SECONDS
    assert [heard.body[-200:] for several in streams for heard in several if not heard.saw_the_end] == []
    reckoning = note(scene, "the primary's cable drawn, the standby promoted", seconds=REPAIR_SECONDS)
    kinds = Counter(completion.settlement for completion in reckoning.completions)
    assert kinds["exact"] >= GATEWAYS * STREAMS and set(kinds) <= {"exact", "none", "lost"}, kinds
    assert Completion.objects.count() >= len(reckoning.completions)
    assert eventually(lambda: scene.ask(scene.customers[0], "gpt-5-mini", "hello").status == 200)
