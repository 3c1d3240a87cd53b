"""A database that restarts, goes away, falls silent, or whose acknowledgement gets lost; a full disk; no Redis."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import pytest
from django.db import connection

from tests.faults.caller import Caller, Heard
from tests.faults.conftest import LONG, REPAIR_SECONDS, SHORT_PATIENCE, Stage, begun
from tests.faults.gateway import Gateway
from tests.faults.load import STREAMS, play_under_load, streams
from tests.faults.postgres import Postgres
from tests.faults.proxy import ADMITTING, SETTLING, Proxy
from tests.faults.scenario import Scene
from tests.faults.upstream import Upstream

AWAY_SECONDS = 30 if LONG else 5
HEALED_SECONDS = 6


def test_postgresql_restarts_under_load(tough: Scene, postgres: Postgres, note: Callable[..., Any]) -> None:
    """Who comes meanwhile is told 503 and to come again, never 401 or 402."""
    scene = tough

    def restart() -> None:
        for how in (signal.SIGINT, signal.SIGQUIT):
            postgres.restart(how)
            time.sleep(2)

    play_under_load(scene, restart)
    assert {heard.status for heard in scene.heard} <= {200, 503}
    assert all(heard.headers.get("retry-after") for heard in scene.heard if heard.status == 503)
    note(scene, "a fast restart, then a crash of PostgreSQL", seconds=REPAIR_SECONDS)
    assert sum(heard.saw_the_end for heard in scene.heard) > STREAMS / 2


def test_postgresql_is_away_under_load_and_streams_end_all_the_same(
    tough: Scene, postgres: Postgres, note: Callable[..., Any]
) -> None:
    """Longer than the reaper's patience in the short form: no stream may be taken for lost."""
    scene = tough
    customer, late = scene.customer(5_000), scene.customer()

    async def scenario(caller: Caller) -> list[Heard]:
        asking = await streams(caller, customer, STREAMS, 100, 30)
        await asyncio.to_thread(postgres.stop)
        heard = await asyncio.gather(*asking)
        refused = await caller.ask(late.secret, "gpt-5-mini", "hello")
        assert refused.status == 503 and refused.headers["retry-after"] and refused.error
        assert refused.error["code"] == "database_unavailable"
        await asyncio.sleep(AWAY_SECONDS)
        await asyncio.to_thread(postgres.start)
        return heard

    scene.heard += scene.play(scenario)
    scene.all_saw_the_end()
    reckoning = note(scene, f"PostgreSQL away for {AWAY_SECONDS} s", seconds=REPAIR_SECONDS)
    assert [completion.settlement for completion in reckoning.completions] == ["exact"] * STREAMS
    assert scene.ask(late, "gpt-5-mini", "hello").status == 200
    assert not [entry for entry in reckoning.entries if entry.reference.endswith(".corrected")]


def test_an_outage_longer_than_the_reapers_patience_loses_no_running_stream(
    tough: Scene, postgres: Postgres, note: Callable[..., Any]
) -> None:
    seconds = 45 if LONG else 6
    scene = tough
    customer = scene.customer(5_000)

    async def scenario(caller: Caller) -> list[Heard]:
        asking = await streams(caller, customer, 10, 100, (seconds + 5) * 10)
        await asyncio.to_thread(postgres.stop)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(postgres.start)
        return list(await asyncio.gather(*asking))

    scene.heard += scene.play(scenario)
    scene.all_saw_the_end()
    reckoning = note(scene, f"PostgreSQL away for {seconds} s under running streams", seconds=REPAIR_SECONDS)
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}
    assert not [entry for entry in reckoning.entries if entry.reference.endswith(".corrected")]


def test_postgresql_takes_statements_and_says_nothing(
    tough: Scene, postgres: Postgres, note: Callable[..., Any]
) -> None:
    """The end is sent after five seconds, from the spool; the balance is not known, the hold stays."""
    scene = tough
    customer = scene.customer()
    scene.ask(customer, "gpt-5.2", "warm up")

    async def scenario(caller: Caller) -> list[Heard]:
        asking = await streams(caller, customer, 5, 50, 20)
        asking.append(asyncio.create_task(caller.ask(customer.secret, "gpt-5.2", "say 30 words [[pace=20]]")))
        await asyncio.sleep(0.3)
        with postgres.silent():
            return list(await asyncio.gather(*asking))

    scene.heard += scene.play(scenario)
    whole = scene.heard[-1]
    scene.all_saw_the_end()
    assert whole.headers["x-conway-settlement"] == "pending" and "x-conway-balance-cents" not in whole.headers
    reckoning = note(scene, "PostgreSQL silent (SIGSTOP)", seconds=REPAIR_SECONDS)
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}


def test_a_read_only_database_is_unavailable_and_heals_within_seconds(
    tough: Scene, postgres: Postgres, note: Callable[..., Any]
) -> None:
    """Nobody is told 500, streams under way end, and what could not be booked is booked seconds after the spell."""
    scene, seconds = tough, 20 if LONG else 4
    customer = scene.customer(5_000)
    name = str(connection.settings_dict["NAME"])

    async def scenario(caller: Caller) -> list[Heard]:
        asking = await streams(caller, customer, STREAMS, 60, 30)
        spell = postgres.read_only(name)
        await asyncio.to_thread(spell.__enter__)
        refused = [await caller.ask(customer.secret, "gpt-5.2", "hello") for _ in range(10)]
        assert {each.status for each in refused} == {503} and all(each.headers["retry-after"] for each in refused)
        heard = await asyncio.gather(*asking)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(spell.__exit__, None, None, None)
        deadline = time.monotonic() + HEALED_SECONDS
        while (again := await caller.ask(customer.secret, "gpt-5.2", "hello")).status != 200:
            assert time.monotonic() < deadline, again.body
            await asyncio.sleep(0.2)
        return [*heard, again]

    scene.heard += scene.play(scenario)
    scene.all_saw_the_end()
    scene.rest(HEALED_SECONDS)
    reckoning = note(scene, f"a database that is read-only for {seconds} s, under {STREAMS} streams")
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}
    assert not [entry for entry in reckoning.entries if entry.reference.endswith(".corrected")]


def test_after_a_restart_no_answer_by_djangos_pool_fails(tough: Scene, postgres: Postgres) -> None:
    scene = tough
    customer = scene.customer()

    async def asked() -> list[int]:
        async with aiohttp.ClientSession() as session:
            paths = ["/v1/credits/balance", "/v1/auth/me", "/v1/credits/history"] * 6
            headers = {"authorization": f"Bearer {customer.secret}"}
            return [(await session.get(scene.gateway.url + path, headers=headers)).status for path in paths]

    assert set(asyncio.run(asked())) == {200}
    postgres.restart()
    assert set(asyncio.run(asked())) == {200}
    scene.reckon()


def test_with_database_and_spool_gone_nobody_is_told_that_all_is_well(
    tough: Scene, postgres: Postgres, note: Callable[..., Any]
) -> None:
    scene = tough
    customer = scene.customer()
    scene.ask(customer, "gpt-5.2", "warm up")

    async def scenario(caller: Caller) -> list[Heard]:
        asking = await streams(caller, customer, 9, 50, 20)
        asking.append(asyncio.create_task(caller.ask(customer.secret, "gpt-5.2", "say 30 words [[pace=20]]")))
        await asyncio.sleep(0.3)
        scene.gateway.fill_disk()
        await asyncio.to_thread(postgres.stop)
        return list(await asyncio.gather(*asking))

    try:
        heard = scene.play(scenario)
        scene.heard += heard
        assert not any(each.saw_the_end for each in heard)
        assert {each.error["code"] for each in heard} == {"settlement_unavailable"}
        assert (heard[-1].status, heard[-1].headers["x-should-retry"]) == (503, "false")
    finally:
        scene.gateway.empty_disk()
        postgres.start()
    reckoning = note(scene, "PostgreSQL away and the spool's disk full", seconds=REPAIR_SECONDS)
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}  # the retries went on


@pytest.fixture(scope="module")
def behind_a_wire(
    postgres: Postgres, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gateway, str, Proxy]]:
    url = postgres.new_database("behind_a_wire")
    wire = Proxy(url)
    gateway = Gateway(tmp_path_factory.mktemp("wire"), wire.url, upstream.url, **SHORT_PATIENCE)
    yield gateway, url, wire
    gateway.close()


@pytest.fixture
def wired(
    behind_a_wire: tuple[Gateway, str, Proxy], upstream: Upstream, books_at: Callable[[str], None]
) -> tuple[Scene, Proxy]:
    gateway, url, wire = behind_a_wire
    wire.lost = 0
    return begun(gateway, url, upstream, books_at), wire


def test_a_lost_acknowledgement_of_a_settlement_charges_once(
    wired: tuple[Scene, Proxy], note: Callable[..., Any]
) -> None:
    scene, wire = wired
    customer = scene.customer()
    scene.ask(customer, "gpt-5.2", "warm up")
    for lost in range(1, 4):  # two at once may be settled by one statement
        wire.lose(1, SETTLING)
        heard = scene.ask_all(
            [(customer, "claude-opus-4.6", f"say 30 words {lost}", {"stream": stream}) for stream in (False, True)]
        )
        assert wire.lost == lost
        assert all(each.saw_the_end for each in heard)
    reckoning = note(scene, "3 commits whose acknowledgement is lost")
    assert [completion.settlement for completion in reckoning.completions] == ["exact"] * 7


def test_a_lost_acknowledgement_of_an_admission_holds_nothing_for_long(
    wired: tuple[Scene, Proxy], note: Callable[..., Any]
) -> None:
    scene, wire = wired
    customer = scene.customer()
    scene.ask(customer, "gpt-5.2", "warm up")
    wire.lose(1, ADMITTING)
    (heard,) = scene.ask_all([(customer, "gpt-5.2", "hello", {})])
    assert (wire.lost, heard.status) == (1, 503)
    note(scene, "an admission whose acknowledgement is lost", seconds=REPAIR_SECONDS)
    assert len(scene.upstream.meter()) == 1
    assert customer.account.held_cents == 0


def test_without_redis_money_is_as_right_as_with_it(stage: Stage, note: Callable[..., Any]) -> None:
    scene: Scene = stage(REDIS_URL="redis://127.0.0.1:1/0")
    customer = scene.customer(5_000)
    began = time.monotonic()
    scene.ask_all(
        [
            (customer, "gpt-5.2", f"say 20 words {number}", {"stream": bool(number % 2), "max_tokens": 500})
            for number in range(40)
        ]
    )
    scene.all_saw_the_end()
    assert time.monotonic() - began < 20
    note(scene, "Redis away")
