"""Processes that die, freeze or are told to stop, under running streams."""

import asyncio
import json
import os
import random
import signal
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from credits import audit as books
from inference.reporting import audit as charges
from tests.faults.caller import Caller, Heard
from tests.faults.conftest import LONG, REPAIR_SECONDS, Stage
from tests.faults.load import MODELS, STREAMS, play_under_load, streams
from tests.faults.scenario import Customer, Scene

KILLS = 20 if LONG else 2


def test_kill_9_of_workers_under_running_streams(tough: Scene, note: Callable[..., Any]) -> None:
    scene = tough

    def kill_now_and_then() -> None:
        for _ in range(KILLS):
            scene.gateway.kill_worker(random.randint(0, 1))
            scene.gateway.await_workers()
            time.sleep(random.uniform(0.5, 2.5))

    play_under_load(scene, kill_now_and_then)
    reckoning = note(scene, f"{KILLS} × kill -9 under {STREAMS} streams", seconds=REPAIR_SECONDS)
    assert any(heard.broken for heard in scene.heard)
    assert {heard.status for heard in scene.heard} <= {0, 200}  # whoever was cut off is served when they ask again
    assert {"exact", "lost"} <= {completion.settlement for completion in reckoning.completions}
    assert sum(heard.saw_the_end for heard in scene.heard) > STREAMS


def test_kill_9_before_an_answer_within_it_and_after_its_end(tough: Scene, note: Callable[..., Any]) -> None:
    """Before and after the commit: the lost acknowledgement, and the spool replayed by a sibling."""
    scene = tough
    before, within, after = (scene.customer(100) for _ in range(3))

    async def scenario(caller: Caller) -> None:
        def asked(customer: Customer, order: str) -> "asyncio.Task[Heard]":
            text = f"say 200 words [[{order}]]"
            return asyncio.create_task(caller.ask(customer.secret, "claude-opus-4.6", text, stream=True))

        asking = [asked(within, "pace=50")]
        await asyncio.sleep(4 if LONG else 1)  # with what follows, a heartbeat
        asking.append(asked(before, "first-byte=4"))
        await asyncio.sleep(0.5)
        scene.heard.append(await asked(after, "pace=1"))
        scene.gateway.kill_workers()
        scene.heard += await asyncio.gather(*asking)

    scene.play(scenario)
    note(scene, "kill -9 before an answer, within it and after its end", seconds=REPAIR_SECONDS)
    settled = [(row.settlement, row.charged_cents) for each in (before, within, after) for row in each.completions]
    assert settled == [("lost", 0), ("lost", 1), ("exact", 1)]
    assert [each.account.held_cents for each in (before, within, after)] == [0, 0, 0]


def test_sigterm_lets_running_streams_end_and_settles_everything(stage: Stage, note: Callable[..., Any]) -> None:
    scene = stage(workers=2, CONWAY_STOP_SECONDS="25" if LONG else "5")
    customers = [scene.customer(5_000) for _ in range(10)]
    short = [f"say {60 + number} words [[pace=20]]" for number in range(STREAMS - 10)]
    endless = [f"say 3000 words {number} [[pace=20]]" for number in range(10)]

    async def scenario(caller: Caller) -> list[Heard]:
        asking = [
            asyncio.create_task(caller.ask(customers[number % 10].secret, MODELS[number % 4], text, stream=True))
            for number, text in enumerate([*short, *endless])
        ]
        await asyncio.sleep(1.0)
        scene.gateway.served.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        late = await caller.ask(customers[0].secret, "gpt-5.2", "late", stream=True)
        assert late.status in (0, 503)
        return list(await asyncio.gather(*asking))

    scene.heard += scene.play(scenario)
    assert scene.gateway.served.process.wait(60) == 0
    reckoning = note(scene, f"SIGTERM under {STREAMS} streams", seconds=0.5)
    assert all(heard.saw_the_end for heard in scene.heard[: len(short)])
    assert {heard.error["code"] for heard in scene.heard[len(short) :] if heard.error} == {"server_stopping"}
    by_settlement = [completion.settlement for completion in reckoning.completions]
    assert (by_settlement.count("exact"), by_settlement.count("estimated")) == (len(short), len(endless))


def test_sigterm_charges_a_drained_call_for_its_prompt(stage: Stage, note: Callable[..., Any]) -> None:
    scene = stage(CONWAY_STOP_SECONDS="1")
    customer = scene.customer()
    scene.ask(customer, "gpt-5.2", "say 500 words [[pace=20]]", leave_in=0.5)
    assert scene.gateway.stop() == 0
    note(scene, "client left a JSON call, then SIGTERM", seconds=2, estimates_may_be_low=True)
    (completion,) = customer.completions
    assert (completion.settlement, completion.ending, completion.charged_cents) == ("estimated", "stopped", 1)


def test_a_frozen_worker_is_taken_for_dead_and_corrects_itself(tough: Scene, note: Callable[..., Any]) -> None:
    """SIGSTOP beyond the patience of the reaper: settled as lost, then once more as it truly was."""
    scene, seconds = tough, 90 if LONG else 10
    customer = scene.customer()

    async def scenario(caller: Caller) -> list[Heard]:
        asking = await streams(caller, customer, 16, 900, 10)
        await asyncio.sleep(0.5)
        frozen = scene.gateway.busiest_worker
        os.kill(frozen, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        os.kill(frozen, signal.SIGCONT)
        return list(await asyncio.gather(*asking))

    scene.heard += scene.play(scenario)
    reckoning = note(scene, f"SIGSTOP of a worker for {seconds} s", seconds=REPAIR_SECONDS)
    references = [entry.reference for entry in reckoning.entries]
    assert any(reference.endswith(".corrected") for reference in references)
    assert len(set(references)) == len(references)
    assert {completion.settlement for completion in reckoning.completions} == {"exact"}


def test_a_stuck_worker_is_ended_and_settled_as_after_a_kill(stage: Stage, note: Callable[..., Any]) -> None:
    """Its loop stands still: the parent ends it, and what it had admitted is settled once, by its sibling."""
    seconds = 20 if LONG else 3
    scene = stage(workers=2, CONWAY_STUCK_SECONDS=str(seconds))
    customer = scene.customer()

    async def scenario(caller: Caller) -> list[Heard]:
        asking = await streams(caller, customer, 16, 900, 10)
        await asyncio.sleep(0.5)
        stuck = scene.gateway.busiest_worker
        os.kill(stuck, signal.SIGSTOP)
        async with asyncio.timeout(seconds + 10):
            while stuck in scene.gateway.workers:
                await asyncio.sleep(0.1)
        scene.heard.append(await caller.ask(customer.secret, "gpt-5.2", "who is there?"))
        return list(await asyncio.gather(*asking))

    scene.heard += scene.play(scenario)
    reckoning = note(scene, f"a worker's loop stands still; ended after {seconds} s", seconds=REPAIR_SECONDS)
    assert scene.heard[0].saw_the_end
    assert any(heard.broken for heard in scene.heard)
    references = [entry.reference for entry in reckoning.entries]
    assert len(set(references)) == len(references) == len({one.id for one in reckoning.completions}) + 1  # a top-up
    assert "lost" in {completion.settlement for completion in reckoning.completions} <= {"exact", "lost"}


def test_a_dead_workers_spool_is_replayed_by_its_sibling(tough: Scene, postgres: Any, note: Callable[..., Any]) -> None:
    """Settled to the spool while the database was away, killed before it came back."""
    scene = tough
    customer = scene.customer()
    scene.ask(customer, "gpt-5.2", "warm up")

    async def scenario(caller: Caller) -> list[Heard]:
        asking = await streams(caller, customer, 10, 40, 40)
        await asyncio.to_thread(postgres.stop)
        return list(await asyncio.gather(*asking))

    try:
        scene.heard += scene.play(scenario)
        spools = [spool for spool in (scene.gateway.folder / "spool").glob("*.jsonl") if spool.stat().st_size]
        assert sum(len(spool.read_bytes().splitlines()) for spool in spools) == 10
        with spools[0].open("ab") as torn:
            torn.write(b'{"row":{"id":"chatcmpl-torn","user_id":')
        scene.gateway.kill_workers()
    finally:
        postgres.start()
    scene.all_saw_the_end()
    note(scene, "database away, kill -9 with a full spool, a torn last line", seconds=REPAIR_SECONDS)
    assert {completion.settlement for completion in customer.completions} == {"exact"}
    deadline = time.monotonic() + 5
    while any(spool.exists() for spool in spools):
        assert time.monotonic() < deadline, "the dead worker's spool is still there"
        time.sleep(0.1)


def test_a_spooled_settlement_that_comes_after_the_reaper_corrects_it(tough: Scene, note: Callable[..., Any]) -> None:
    """A worker dies between spooling and booking, and its spool turns up only after the reaper took the hold."""
    scene = tough
    customer = scene.customer(100)

    async def scenario(caller: Caller) -> None:
        asking = asyncio.create_task(
            caller.ask(customer.secret, "claude-opus-4.6", "say 400 words [[pace=20]]", stream=True)
        )
        await asyncio.sleep(5 if LONG else 2.5)  # a heartbeat
        scene.gateway.kill_workers()
        scene.heard.append(await asking)

    scene.play(scenario)
    scene.rest(REPAIR_SECONDS)
    (lost,) = customer.completions
    assert (lost.settlement, lost.charged_cents) == ("lost", 1)
    late = entry_like(lost, output_tokens=400, charged_cents=2)
    (scene.gateway.folder / "spool").mkdir(exist_ok=True)
    (scene.gateway.folder / "spool/late.jsonl").write_text(json.dumps(late) + "\n")
    deadline = time.monotonic() + 10
    while customer.completions[0].settlement == "lost":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert customer.entries[1:] == [("inference", -1), ("inference", -1)]
    assert [entry.reference.endswith(".corrected") for entry in scene.entries()[1:]] == [False, True]
    assert not [*books.faults(), *charges.faults()]  # the late entry is ours: there is nothing to hold it to the meter


COPIED = (
    *("id", "user_id", "key_id", "request_id", "model_id", "provider", "served_model", "upstream_id", "price_id"),
    *("is_stream", "input_tokens", "cached_tokens", "cached_explicit_tokens", "write_5m_tokens", "write_1h_tokens"),
    *("audio_in_tokens", "audio_cached_tokens", "status", "finish_reason", "alerts", "raw_usage", "seen"),
    *("first_byte_ms", "total_ms"),
)


def entry_like(completion: Any, *, output_tokens: int, charged_cents: int) -> dict[str, Any]:
    """What the dead worker would have spooled, had it lived to the end."""
    cost = Decimal(completion.input_tokens * 5 + output_tokens * 25) / 1_000_000
    row = {
        **{name: getattr(completion, name) for name in COPIED},
        "reasoning_tokens": 0,
        "output_tokens": output_tokens,
        "cost_usd": str(cost),
        "charged_cents": charged_cents,
        "settlement": "exact",
        "ending": "complete",
        "admitted_at": completion.admitted_at.isoformat(),
    }
    return {"row": row, "key_window": None, "description": "claude-opus-4.6", "details": {"receipt": completion.id}}
