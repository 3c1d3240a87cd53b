"""A settlement as it is written down: what one version wrote, the next one reads and books."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from credits import ledger
from credits.models import CreditTransaction, Hold
from inference.billing import settlement
from inference.billing.entry import Entry, UnreadableEntry
from inference.chat.usage import BUCKETS, Usage
from inference.completion import recovery
from inference.models import Completion, Price
from inference.upstream import client as upstream

Run = Callable[[Coroutine[Any, Any, Any]], Any]

# As 0.1.0 wrote them, when an entry was a plain dict; `user_id` and `price_id` are filled in.
SETTLED = {
    "row": {
        "id": "chatcmpl-old", "user_id": 0, "key_id": None, "request_id": "req_1", "model_id": "claude-opus-4.6",
        "provider": "anthropic", "served_model": "claude-opus-4-6", "upstream_id": "msg_1", "price_id": 0,
        "is_stream": True, "input_tokens": 1000, "cached_tokens": 20, "write_5m_tokens": 0, "write_1h_tokens": 0,
        "audio_in_tokens": 0, "audio_cached_tokens": 0, "output_tokens": 300, "reasoning_tokens": None,
        "cost_usd": "0.012510", "charged_cents": 2, "settlement": "estimated", "ending": "client_left", "status": 200,
        "finish_reason": "", "alerts": ["served:else"], "raw_usage": {"input_tokens": 1000},
        "seen": {"characters": 900, "visible": True}, "admitted_at": "2026-11-01T10:00:00+00:00",
        "first_byte_ms": 120, "total_ms": None,
    },
    "key_window": None,
    "description": "claude-opus-4.6: 1,020 tokens in, 300 out",
    "details": {
        "model": "claude-opus-4.6", "provider": "anthropic", "tokens": {"input": 1000, "cached": 20, "output": 300},
        "cost_usd": "0.012510", "receipt": "chatcmpl-old", "settlement": "estimated",
    },
}  # fmt: skip
UNSEEN = {
    "row": {
        name: value
        for name, value in SETTLED["row"].items()
        if name not in ("raw_usage", "admitted_at", "first_byte_ms", "total_ms")
    },
    "key_window": "2026-11-01T00:00:00+00:00",
    "description": "claude-opus-4.6: lost before its first word",
    "details": {"model": "claude-opus-4.6", "receipt": "chatcmpl-old", "settlement": "lost"},
}


def old(form: dict[str, Any], user: User) -> dict[str, Any]:
    price = Price.objects.get(model_id="claude-opus-4.6")
    return {**form, "row": {**form["row"], "user_id": user.pk, "price_id": price.pk}}


async def hold(alice: User) -> None:
    await ledger.admit(
        completion_id="chatcmpl-old", user_id=alice.pk, key_id=None, need_cents=10, worst_cents=10, cap_cents=None,
        process="dead", details={}, idempotent=False,
    )  # fmt: skip


def test_a_spool_of_the_version_before_is_booked(alice: User, prices: None, own_spool: Path, run: Run) -> None:
    own_spool.mkdir()
    dead = own_spool / "dead.jsonl"
    dead.write_text(json.dumps(old(SETTLED, alice)) + "\n")

    async def scenario() -> None:
        await hold(alice)
        assert await recovery.replay() == 1
        await upstream.close()

    run(scenario())
    booked, charge = Completion.objects.get(), CreditTransaction.objects.get(type="inference")
    written = {**SETTLED["row"], "user_id": alice.pk, "price_id": booked.price_id, "cost_usd": Decimal("0.012510")}
    assert {name: getattr(booked, name) for name in written if name != "admitted_at"} == {
        name: value for name, value in written.items() if name != "admitted_at"
    }
    assert (charge.amount_cents, charge.description, charge.details) == (
        -2, SETTLED["description"], SETTLED["details"],
    )  # fmt: skip
    assert not dead.exists() and not Hold.objects.exists()


def test_a_checkpoint_of_the_version_before_is_booked(
    alice: User, prices: None, run: Run, own_spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "LOST_SECONDS", 0.4)
    written = old(SETTLED, alice)
    written["row"]["settlement"] = "lost"

    async def scenario() -> None:
        await hold(alice)
        await ledger.beat("dead", {"chatcmpl-old": written})
        async with asyncio.timeout(10):
            while not await recovery.look():
                await asyncio.sleep(0.05)
        await upstream.close()

    run(scenario())
    assert (Completion.objects.get().settlement, Completion.objects.get().charged_cents) == ("lost", 2)


@pytest.mark.parametrize("form", [SETTLED, UNSEEN])
def test_what_the_version_before_wrote_is_what_this_one_reads_and_writes(form: dict[str, Any]) -> None:
    again = Entry.read(form).as_json()
    absent = {"raw_usage": None, "admitted_at": None, "first_byte_ms": None, "total_ms": None}
    since = {"asked_model": None, "cached_explicit_tokens": 0}  # columns that came after it
    assert again["row"] == {**absent, **since, **form["row"]}
    assert again["key_window"] == form["key_window"]


def test_a_row_has_every_column_of_a_receipt() -> None:
    columns = {field.attname for field in Completion._meta.concrete_fields}
    assert set(settlement.WRITTEN) == columns
    assert set(Entry.read(SETTLED).as_json()["row"]) == columns - {"created_at"}  # the database's own
    assert set(settlement.REPLACED) <= columns


moments = st.none() | st.datetimes(timezones=st.just(UTC))
tokens = st.integers(0, 10**9)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.builds(
        replace,
        st.just(Entry.read(SETTLED)),
        usage=st.builds(Usage, **dict.fromkeys(BUCKETS, tokens), reasoning=st.none() | tokens),
        cost_usd=st.decimals(0, 10**9, places=15),
        key_window=moments,
        admitted_at=moments,
        upstream_id=st.text(),
        alerts=st.lists(st.text()),
    )
)
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    written = json.loads(json.dumps(entry.as_json()))
    again = Entry.read(written)
    assert again.as_json() == written
    assert (again.usage, again.cost_usd, again.admitted_at) == (entry.usage, entry.cost_usd, entry.admitted_at)


def test_an_entry_is_never_changed() -> None:
    entry = Entry.read(SETTLED)
    with pytest.raises(AttributeError):
        entry.charged_cents = 0  # type: ignore[misc]


WRONG: list[Any] = [
    {}, {"n": 1}, {"row": None, "key_window": None}, {**SETTLED, "row": {"id": "chatcmpl-1"}}, {**SETTLED, "row": []},
    {**SETTLED, "row": {**SETTLED["row"], "cost_usd": "much"}}, {**SETTLED, "key_window": "yesterday"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_entry_is_refused_as_such(wrong: Any) -> None:
    with pytest.raises(UnreadableEntry):
        Entry.read(wrong)


def test_a_line_nobody_can_read_is_kept_and_keeps_no_other_waiting(
    alice: User, prices: None, own_spool: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    own_spool.mkdir()
    dead = own_spool / "dead.jsonl"
    dead.write_text("".join(json.dumps(line) + "\n" for line in ({"row": {}}, old(SETTLED, alice))))

    async def scenario() -> list[int]:
        await hold(alice)
        counts = [await recovery.replay() for _ in range(2)]
        await upstream.close()
        return counts

    assert run(scenario())[0] == 1
    assert Completion.objects.count() == 1 and dead.exists()
    assert len([record for record in caplog.records if "cannot be settled" in record.message]) == 1
    recovery.refused_until.clear()


def test_a_checkpoint_nobody_can_read_keeps_its_hold_and_no_other_waiting(
    alice: User, prices: None, run: Run, own_spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "LOST_SECONDS", 0.4)

    async def scenario() -> int:
        await hold(alice)
        await ledger.beat("dead", {"chatcmpl-old": {"row": {}}})
        lost = 0
        for _ in range(20):
            lost += await recovery.look()
            await asyncio.sleep(0.04)
        await upstream.close()
        return lost

    assert run(scenario()) == 0
    assert Hold.objects.count() == 1 and not Completion.objects.exists()
    recovery.refused_until.clear()
