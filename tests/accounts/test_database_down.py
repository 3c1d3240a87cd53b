"""Nobody is told that their key is wrong because our database is away."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError, connection
from django.test import Client

from accounts.authentication import authenticate
from conway.common import database
from conway.common.errors import ApiError
from tests.roles import as_owner


@pytest.fixture
def nowhere(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next pool looks for the database where nothing listens."""
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.5)


async def test_the_asynchronous_way_says_503(key: str, nowhere: None) -> None:
    with pytest.raises(ApiError) as refused:
        await authenticate(key)
    await database.close()
    assert (refused.value.status, refused.value.code) == (503, "database_unavailable")
    assert refused.value.headers["retry-after"]


async def test_after_a_restart_nobody_meets_the_connections_of_before(transactional_db: None) -> None:
    try:
        asked = [database.fetch_one("SELECT pg_backend_pid() FROM pg_sleep(0.1)") for _ in range(4)]
        before = {row[0] for row in await asyncio.gather(*asked) if row}
        await sync_to_async(end)(list(before))
        after = {row[0] for _ in range(8) if (row := await database.fetch_one("SELECT pg_backend_pid()"))}
    finally:
        await database.close()
    assert len(before) > 1
    assert not after & before


def end(sessions: list[int]) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid, 2000) FROM unnest(%s::int[]) pid", [sessions])


def test_a_rest_view_says_503(client: Client, key: str) -> None:
    def lost(*_: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(lost):
        answer = client.get("/v1/auth/me", headers={"authorization": key})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database_unavailable")
    assert answer["retry-after"]
