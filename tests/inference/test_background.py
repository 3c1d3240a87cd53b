"""Heartbeats and the reaper: which holds live, and what becomes of those whose process does not."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db.models import DurationField, F, Value
from django.db.models.functions import Cast

from accounts.models import User
from conway.common.database import DatabaseUnavailable
from credits import ledger
from credits.models import CreditAccount, CreditTransaction, Hold, HoldWatch
from inference.billing import admission
from inference.chat.usage import Usage
from inference.completion import background, recovery, task
from inference.models import Completion, Price
from inference.upstream import client as upstream
from tests.inference.conftest import Sandbox, asked

Run = Callable[[Coroutine[Any, Any, Any]], Any]

pytestmark = pytest.mark.usefixtures("own_spool")


def test_a_hold_whose_beat_stands_still_is_settled_by_its_checkpoint_and_corrected_later(
    key: str, alice: User, sandbox: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`lost` is provisional: the true settlement books the difference, once."""
    monkeypatch.setattr(recovery, "LOST_SECONDS", 0.5)

    async def scenario() -> None:
        asking = asyncio.create_task(asked(key, "say 2000 words [[pace=1]]", stream=True))
        answer = await asking
        pieces = aiter(answer.body)  # type: ignore[arg-type]
        await anext(pieces)
        await background.beat()
        assert await looked_until_lost() == 1
        async for _ in pieces:
            pass
        await upstream.close()

    run(scenario())
    references = list(
        CreditTransaction.objects.filter(type="inference").order_by("id").values_list("reference", flat=True)
    )
    assert [reference.partition(".")[2] for reference in references] == ["", "corrected"]
    assert (Completion.objects.get().settlement, Completion.objects.get().charged_cents) == ("exact", 7)
    assert CreditAccount.objects.get(user=alice).balance_cents == 993


def test_a_beating_hold_is_never_lost(key: str, sandbox: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "LOST_SECONDS", 0.3)

    async def scenario() -> None:
        asking = asyncio.create_task(asked(key, "say 100 words [[pace=10]]"))
        while not asking.done():
            await background.beat()
            assert await recovery.look() == 0
            await asyncio.sleep(0.1)
        await upstream.close()

    run(scenario())
    assert Completion.objects.get().settlement == "exact"


def test_a_stream_has_its_first_checkpoint_before_its_first_beat(key: str, sandbox: Sandbox, run: Run) -> None:
    async def scenario() -> None:
        answer = await asked(key, "say 60 words [[pace=10]]", stream=True)
        for _ in range(2):
            await background.first_checkpoints()
        hold = await Hold.objects.aget()
        assert (hold.beat, hold.checkpoint["row"]["settlement"]) == (1, "lost")
        assert [piece async for piece in answer.body]  # type: ignore[union-attr]
        await upstream.close()

    run(scenario())


def test_what_one_provider_says_stops_nobodys_beat(key: str, sandbox: Sandbox, run: Run) -> None:
    """PostgreSQL stores no NUL, no half of a letter and no such number."""

    async def scenario() -> None:
        answer = await asked(key, "say 60 words [[pace=10]]", stream=True)
        (odd,) = task.running.values()
        facts = odd.state.facts
        facts.upstream_id, facts.raw_usage = "a\0b\ud800", {"output_tokens": float("inf")}
        facts.known_input = Usage(input=10**30)
        await background.beat()
        checkpoint = (await Hold.objects.aget()).checkpoint["row"]
        assert (checkpoint["upstream_id"], checkpoint["raw_usage"]) == ("a\ufffdb\ufffd", {"output_tokens": None})
        assert checkpoint["input_tokens"] < 1_000
        assert [piece async for piece in answer.body]  # type: ignore[union-attr]
        await upstream.close()

    run(scenario())


@pytest.mark.parametrize("usage", [Usage(input=7), Usage(input=10**30), Usage(input=7, output=-1)])
def test_a_checkpoint_changes_nothing_of_what_it_is_made_of(key: str, sandbox: Sandbox, run: Run, usage: Usage) -> None:
    async def scenario() -> None:
        answer = await asked(key, "say 60 words [[pace=10]]", stream=True)
        (under_way,) = task.running.values()
        facts = under_way.state.facts
        facts.usage = usage
        before = asdict(facts)
        await background.beat()
        assert asdict(facts) == before
        assert [piece async for piece in answer.body]  # type: ignore[union-attr]
        await upstream.close()

    run(scenario())


def test_an_outage_starts_the_watch_anew(
    alice: User, prices: None, run: Run, no_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "LOST_SECONDS", 0.4)

    async def scenario() -> None:
        await held(alice)
        await recovery.look()
        await asyncio.sleep(0.15)
        back = no_database()
        with pytest.raises(DatabaseUnavailable):
            await recovery.look()
        await asyncio.sleep(0.4)
        back()
        assert await recovery.look() == 0
        assert await looked_until_lost() == 1

    run(scenario())
    assert (Completion.objects.get().settlement, Completion.objects.get().charged_cents) == ("lost", 0)


def test_a_pause_of_all_processes_starts_the_watch_anew(
    alice: User, prices: None, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "LOST_SECONDS", 0.4)

    async def scenario() -> None:
        await held(alice)
        await recovery.look()
        await asyncio.sleep(0.5)
        assert await recovery.look() == 0

    run(scenario())
    assert Hold.objects.count() == 1


def test_one_process_looks_for_all(alice: User, prices: None, run: Run) -> None:
    """Of ten that look at the same moment one reads the holds, and what is lost is found once."""

    async def scenario() -> list[int]:
        await held(alice)
        await recovery.look()
        await sync_to_async(in_the_past)(holds="1 hour", watch="1 hour", look="5 seconds")
        found = await asyncio.gather(*(ledger.lost_holds(30) for _ in range(10)))
        return sorted(map(len, found))

    assert run(scenario()) == [0] * 9 + [1]


@pytest.mark.parametrize("step", ["1 hour", "-1 hour", "20 seconds"])
def test_a_clock_that_jumps_loses_no_living_hold(alice: User, prices: None, run: Run, step: str) -> None:
    """A standby that is promoted may have another clock: here it is as if the old one's had been that far off."""

    async def scenario() -> int:
        await held(alice)
        await recovery.look()
        await sync_to_async(in_the_past)(holds=step, watch=step, look=step)
        return await recovery.look()

    assert run(scenario()) == 0
    assert Hold.objects.exists()


def in_the_past(*, holds: str, watch: str, look: str) -> None:
    """All that was written down is so much older."""
    Hold.objects.update(beat_at=F("beat_at") - Cast(Value(holds), DurationField()))
    by = {"unbroken_since": watch, "looked_at": look}
    HoldWatch.objects.update(**{name: F(name) - Cast(Value(span), DurationField()) for name, span in by.items()})


async def looked_until_lost() -> int:
    """How many; looked for without interruption, until it is some."""
    async with asyncio.timeout(10):
        while not (lost := await recovery.look()):
            await asyncio.sleep(recovery.LOST_SECONDS / 8)
    return lost


async def held(user: User) -> None:
    """Admitted by a process that is gone."""
    price = await sync_to_async(Price.objects.filter(model="gpt-5-mini").first)()
    assert price
    details = {"model": "gpt-5-mini", "provider": "openai", "price_id": price.pk, "is_stream": True, "request_id": "r"}
    await ledger.admit(
        completion_id="chatcmpl-gone",
        user_id=user.pk,
        key_id=None,
        need_cents=1,
        worst_cents=10,
        process="gone",
        details=details,
    )


def test_a_hang_up_during_admission_gives_the_hold_back(
    key: str, sandbox: Sandbox, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Admitted, and cancelled before anybody heard of it."""
    true = ledger.admit

    async def admit_slowly(**given: Any) -> ledger.Admission:
        admission = await true(**given)
        await asyncio.sleep(5)
        return admission

    monkeypatch.setattr(ledger, "admit", admit_slowly)

    async def scenario() -> None:
        asking = asyncio.create_task(asked(key))
        await asyncio.wait([asking], timeout=0.5)
        asking.cancel()
        await asyncio.wait([asking])
        while admission.releasing:
            await asyncio.sleep(0.01)

    run(scenario())
    assert sandbox.meter() == []
    assert not Hold.objects.exists() and not Completion.objects.exists()
    assert {account.held_cents for account in CreditAccount.objects.all()} == {0}
