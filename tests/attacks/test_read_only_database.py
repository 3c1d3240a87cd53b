"""What the database says against the service as a whole, a read-only spell above all, is 503 and heals by itself."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client

from accounts.models import ApiKey
from conway.common import database
from conway.common.database import DatabaseUnavailable
from conway.common.errors import answer_to
from credits.models import CreditAccount, Hold
from inference.api import chat
from inference.completion import background, handler, recovery, task
from inference.models import Completion
from inference.upstream import client as upstream
from tests.inference.conftest import Sandbox
from tests.served import close_session, forget_sessions

Run = Callable[[Coroutine[Any, Any, Any]], Any]
HEALED_SECONDS = 4

BODY = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "say 30 words [[pace=10]]"}]}


class Spell:
    """What managed PostgreSQL does when its disk is nearly full: sessions that begin are read-only, for good."""

    def __init__(self) -> None:
        connection.ensure_connection()
        self.name = connection.settings_dict["NAME"]
        self.outside = psycopg.connect(**psycopg.conninfo.conninfo_to_dict(connection.connection.info.dsn))
        self.outside.autocommit = True
        self.outside.execute("SET ROLE NONE")  # the owner, as whoever runs a managed PostgreSQL

    def begin(self) -> None:
        self.outside.execute(f'ALTER DATABASE "{self.name}" SET default_transaction_read_only = on')

    def end(self) -> None:
        """The sessions of the spell live on: that is what wedged a worker."""
        self.outside.execute(f'ALTER DATABASE "{self.name}" RESET default_transaction_read_only')

    def end_sessions(self) -> None:
        self.outside.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def spell(transactional_db: None) -> Iterator[Spell]:
    spell = Spell()
    yield spell
    spell.end()
    spell.outside.close()
    forget_sessions()


async def healed(asks: Callable[[], Coroutine[Any, Any, Any]], good: Any) -> Any:
    """What it says once it is well; within seconds."""
    deadline = time.monotonic() + HEALED_SECONDS
    while (said := await asks()) != good:
        assert time.monotonic() < deadline, said
        await asyncio.sleep(0.3)


async def status(key: str) -> int:
    return (await handler.complete(chat, {"authorization": key}, json.dumps(BODY).encode())).status


async def all_booked() -> bool:
    """After a look at the spool, where a settlement waits that met a session of the spell."""
    await background.once(recovery.replay)
    return not await Hold.objects.aexists()


def test_completions_in_a_read_only_spell_are_503_and_well_within_seconds_after_it(
    key: str, sandbox: Sandbox, spell: Spell, run: Run, own_spool: Path
) -> None:
    async def scenario() -> None:
        assert await status(key) == 200
        spell.begin()
        await database.close()
        for _ in range(12):  # more than the pool has sessions
            refused = await handler.complete(chat, {"authorization": key}, json.dumps(BODY).encode())
            assert (refused.status, refused.headers.get("retry-after")) == (503, "2")
            assert json.loads(refused.body)["error"]["code"] == "database_unavailable"  # type: ignore[arg-type]
        spell.end()
        await healed(lambda: status(key), 200)
        await healed(all_booked, True)
        await upstream.close()

    run(scenario())
    assert not Hold.objects.exists()


def test_a_completion_between_sessions_of_the_spell_and_of_after_it_is_answered_and_booked(
    key: str, sandbox: Sandbox, spell: Spell, run: Run, own_spool: Path
) -> None:
    """Admitted by one, settled by the other, which still takes no write: the hold waits for the spool."""

    async def scenario() -> None:
        assert await status(key) == 200
        spell.begin()
        await database.close()
        await database.fetch_one("SELECT 1")
        spell.end()
        async with AsyncExitStack() as held:
            modes: list[Any] = []
            while "off" not in modes:  # the pool grows by what is asked of it at once
                session = await held.enter_async_context((await database.pool()).connection())
                modes += await (await session.execute("SHOW transaction_read_only")).fetchone() or ()
        assert modes[0] == "on"
        await healed(lambda: status(key), 200)
        await healed(all_booked, True)
        await upstream.close()

    run(scenario())
    assert set(Completion.objects.values_list("settlement", flat=True)) == {"exact"}
    assert CreditAccount.objects.get().held_cents == 0


def test_a_settlement_that_met_a_read_only_spell_is_booked_within_seconds_after_it(
    key: str, sandbox: Sandbox, spell: Spell, run: Run, own_spool: Path
) -> None:
    async def scenario() -> None:
        answer = await handler.complete(chat, {"authorization": key}, json.dumps({**BODY, "stream": True}).encode())
        spell.begin()
        await database.close()
        body = b"".join([piece async for piece in answer.body])  # type: ignore[union-attr]
        assert body.endswith(b"data: [DONE]\n\n")
        assert not await sync_to_async(Completion.objects.exists)() and list(own_spool.glob("*.jsonl"))
        await background.once(recovery.replay)
        spell.end()

        async def booked() -> bool:
            await background.once(recovery.replay)
            return await Completion.objects.aexists()

        await healed(booked, True)
        assert not task.running
        await upstream.close()

    run(scenario())
    assert (Completion.objects.get().settlement, Hold.objects.count()) == ("exact", 0)
    assert CreditAccount.objects.get().held_cents == 0


def test_a_read_only_spell_takes_no_running_stream_for_lost(
    key: str, sandbox: Sandbox, spell: Spell, run: Run, own_spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holds can be read all the while; their beats cannot move."""
    monkeypatch.setattr(recovery, "LOST_SECONDS", 0.5)

    async def scenario() -> None:
        slow = {**BODY, "messages": [{"role": "user", "content": "say 300 words [[pace=10]]"}], "stream": True}
        answer = await handler.complete(chat, {"authorization": key}, json.dumps(slow).encode())
        await recovery.look()
        spell.begin()
        await database.close()
        for _ in range(4):
            await background.once(background.beat)
            await background.once(recovery.look)
            await asyncio.sleep(0.2)
        spell.end()
        await asyncio.sleep(database.RENEWED_SECONDS)
        await background.once(recovery.look)  # before a beat: what was seen in the spell does not count
        await healed(looked, 0)
        assert b"".join([piece async for piece in answer.body]).endswith(b"[DONE]\n\n")  # type: ignore[union-attr]
        await upstream.close()

    async def looked() -> int | None:
        try:
            await background.beat()
            return await recovery.look()
        except DatabaseUnavailable:
            return None

    run(scenario())
    assert list(Completion.objects.values_list("settlement", "ending")) == [("exact", "complete")]


def test_the_balance_and_pages_in_a_read_only_spell_are_503_and_well_within_seconds_after_it(
    key: str, client: Client, spell: Spell
) -> None:
    client.raise_request_exception = False
    cache.clear()
    ApiKey.objects.update(last_used_at=None)  # so that the balance, too, has something to write
    spell.begin()
    close_session()
    form = {"username": "alice@example.org", "password": "alice's password"}
    for said in (client.get("/v1/credits/balance", headers={"authorization": key}), client.post("/sign-in", form)):
        assert (said.status_code, said.get("retry-after")) == (503, "2"), said.content[:200]
    spell.end()
    time.sleep(database.RENEWED_SECONDS)
    connection.close()  # as at the end of a request: the test client leaves it open
    statuses = []
    for _ in range(3):
        statuses.append(client.get("/v1/credits/balance", headers={"authorization": key}).status_code)
        connection.close()
        time.sleep(database.RENEWED_SECONDS)
    assert statuses[-1] == 200


def test_after_a_restart_of_postgresql_no_page_and_no_balance_fails(key: str, client: Client, spell: Spell) -> None:
    client.raise_request_exception = False
    statuses = set()
    for _ in range(3):
        connection.ensure_connection()
        connection.close()  # to the pool
        spell.end_sessions()
        for path in ("/v1/credits/balance", "/sign-in", "/models"):
            sent = {"authorization": key} if path.startswith("/v1/") else {}  # with a key, /models is the API's
            statuses.add(client.get(path, headers=sent).status_code)
            connection.close()
    assert statuses == {200}


# Every error that PostgreSQL knows and psycopg has a name for

KNOWN = sorted({kind.sqlstate for kind in psycopg.errors._sqlcodes.values() if kind.sqlstate[:2] > "02"})
ALL = ("08", "53", "57P0", "25006", "25P04")


def test_every_sqlstate_against_the_service_is_unavailable_and_no_other_is_swallowed(
    transactional_db: None, run: Run
) -> None:
    async def told(code: str) -> BaseException:
        try:
            await database.execute(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$")
        except Exception as error:
            return error
        raise AssertionError(code)

    async def scenario() -> dict[str, BaseException]:
        return {code: await told(code) for code in KNOWN}

    for code, error in run(scenario()).items():
        kind = psycopg.errors.lookup(code)
        unavailable = code.startswith(ALL) or issubclass(kind, psycopg.OperationalError)
        assert isinstance(error, DatabaseUnavailable) == unavailable, code
        assert unavailable or isinstance(error, kind), code


def test_djangos_own_way_answers_503_to_what_is_said_against_the_service(transactional_db: None) -> None:
    for code in KNOWN:
        if code.startswith(ALL):
            with pytest.raises(OperationalError) as told, connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$")
            answer = answer_to(told.value)
            assert answer and (answer.status, answer.headers["retry-after"]) == (503, "2"), code
