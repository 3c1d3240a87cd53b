"""The release before works on beside this one, on this one's schema: its own statements, as PostgreSQL's log had them.

`data/0.1.0` was written down from a run of that release's tests: what a worker says on a request's way, and the columns
its forms and commands insert. A new release takes what the one before says in the same way, and drops the oldest.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int8

from accounts.models import ApiKey, User
from credits.models import CreditAccount, CreditTransaction, Hold
from inference.models import Completion, Price
from tests.inference.conftest import Ask
from tests.roles import as_owner

BEFORE = Path(__file__).parent / "data" / "0.1.0"
ID, PROCESS = "chatcmpl-of-the-release-before", "a worker of the release before"
HAS_NO_DEFAULT = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_nullable = 'NO' AND column_default IS NULL
  AND is_identity = 'NO'"""


def said(name: str, *params: Any) -> list[tuple[Any, ...]]:
    """What the present schema answers."""
    connection.ensure_connection()
    with psycopg.RawCursor(connection.connection) as cursor:
        cursor.execute((BEFORE / f"{name}.sql").read_bytes(), params)
        return cursor.fetchall() if cursor.description else []


def admit(alice: User, key: ApiKey) -> list[tuple[Any, ...]]:
    references = [f"inference:{ID}", f"inference:{ID}.corrected"]
    return said(
        "admit", Int8(key.pk), Int8(alice.pk), Int8(233), None, Int8(1), False, ID, references, PROCESS, Jsonb({})
    )


def settle(alice: User, key: ApiKey, settlement: str, cents: int, beat: int | None = None) -> list[tuple[Any, ...]]:
    price = Price.objects.filter(model_id="gpt-5.2").earliest("starts_at")
    row = {
        "id": ID, "seen": {}, "alerts": [], "ending": "complete", "key_id": key.pk, "status": 200, "user_id": alice.pk,
        "cost_usd": "0.00007525", "model_id": "gpt-5.2", "price_id": price.pk, "provider": "openai", "total_ms": 61,
        "is_stream": False, "raw_usage": None, "request_id": "req_1", "settlement": settlement, "upstream_id": "u",
        "input_tokens": 3, "served_model": "gpt-5.2", "cached_tokens": 0, "charged_cents": cents, "finish_reason": "",
        "first_byte_ms": 61, "output_tokens": 5, "audio_in_tokens": 0, "write_1h_tokens": 0, "write_5m_tokens": 0,
        "reasoning_tokens": 0, "audio_cached_tokens": 0, "admitted_at": "2026-11-27T13:24:39+00:00",
    }  # fmt: skip
    seen = None if beat is None else Int8(beat)
    return said("settle", Jsonb(row), ID, Int8(alice.pk), seen, None, "gpt-5.2", Jsonb({"model": "gpt-5.2"}))


@pytest.fixture
def limited(alice: User, prices: None) -> ApiKey:
    return ApiKey.issue(user=alice, name="Alice's", limit_cents=500)[0]


def test_it_finds_who_asks_and_the_catalogue(alice: User, limited: ApiKey) -> None:
    ((user, found, *_, refused),) = said("who_asks", bytes(limited.digest))
    assert (user, found, refused) == (alice.pk, limited.pk, None)
    assert "gpt-5.2" in {name for name, *_ in said("catalogue")}
    said("key_is_used", [limited.pk])
    limited.refresh_from_db()
    assert limited.last_used_at is not None


def test_it_holds_and_beats_and_charges(alice: User, limited: ApiKey) -> None:
    said("count_key", limited.pk)
    assert admit(alice, limited)[0][0] == 233
    assert said("beat", Jsonb({ID: None}), PROCESS) == [(ID,)]
    assert said("lost", ID, Int8(1))[0][4] == 233
    assert settle(alice, limited, "exact", 1)[0][:5] == (True, 999, 999, 1, 0)
    account, receipt = CreditAccount.objects.get(user=alice), Completion.objects.get()
    assert (account.balance_cents, account.held_cents, account.running) == (999, 0, 0)
    assert (receipt.charged_cents, receipt.cached_explicit_tokens) == (1, 0)
    assert CreditTransaction.objects.get(type="inference").amount_cents == -1 and not Hold.objects.exists()


def test_a_charge_that_it_took_for_lost_is_corrected_by_it(alice: User, limited: ApiKey) -> None:
    said("count_key", limited.pk)
    admit(alice, limited)
    settle(alice, limited, "lost", 5, beat=0)
    assert settle(alice, limited, "exact", 1)[0][3] == -4
    assert CreditAccount.objects.get(user=alice).balance_cents == 999


def test_it_says_why_not(bob: User, limited: ApiKey) -> None:
    others = ApiKey.issue(user=bob, name="Bob's")[0]
    assert admit(bob, others) == []
    ((balance, held, is_nobody, *_),) = said("why_refused", Int8(others.pk), Int8(bob.pk), ID, [f"inference:{ID}"])
    assert (balance, held, is_nobody) == (0, 0, False)


WRITTEN_ON_THE_WAY = (
    "inference_completion",
    "credits_hold",
    "credits_keyuse",
    "credits_creditaccount",
    "credits_credittransaction",
)


@pytest.fixture
def later_columns(transactional_db: None) -> Iterator[None]:
    """What the release after this one may add to what a request writes."""
    change("ADD COLUMN of_the_release_after bigint NOT NULL DEFAULT 7")
    yield
    change("DROP COLUMN of_the_release_after")


def change(how: str) -> None:
    with as_owner(), connection.cursor() as cursor:
        for table in WRITTEN_ON_THE_WAY:
            cursor.execute(f"ALTER TABLE {table} {how}")


def test_this_release_works_on_beside_the_next_one(later_columns: None, ask: Ask) -> None:
    assert [ask(text="say 9 words", stream=stream).status for stream in (True, False)] == [200, 200]
    assert {row.charged_cents for row in Completion.objects.all()} == {1}
    with connection.cursor() as cursor:
        cursor.execute("SELECT of_the_release_after FROM inference_completion")
        assert cursor.fetchall() == [(7,), (7,)]


@pytest.mark.django_db
@pytest.mark.parametrize("table", json.loads((BEFORE / "inserts.json").read_text()))
def test_a_row_with_its_columns_alone_is_a_row(table: str) -> None:
    """Every column of it is there, and each that it does not know may be empty or has a default of the database's."""
    known = set(json.loads((BEFORE / "inserts.json").read_text())[table])
    with connection.cursor() as cursor:
        there = {column.name for column in connection.introspection.get_table_description(cursor, table)}
        cursor.execute(HAS_NO_DEFAULT, [table])
        asked = {name for (name,) in cursor.fetchall()}
    assert known <= there and asked <= known
