"""One asynchronous pool per event loop to the database Django is configured for: the inference path's way in.

Statements run alone in autocommit, so none holds a row longer than its own round trip. A database that is down, or a pool
that stays full for `WAIT_SECONDS`, raises `DatabaseUnavailable`; the caller decides between 503 and the spool.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from asgiref.sync import sync_to_async
from django.db import connection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

WAIT_SECONDS = 5
POOL_SIZE = 8
DJANGOS_OWN = ("cursor_factory", "context", "prepare_threshold", "autocommit", "row_factory", "pool")

Params = Mapping[str, Any] | Sequence[Any] | None

# A pool belongs to the loop it was opened in: a test, a command and a server each have their own.
_pools: dict[asyncio.AbstractEventLoop, AsyncConnectionPool] = {}


class DatabaseUnavailable(Exception):
    """The database did not answer; whether a statement under way was carried out is not known."""


async def pool() -> AsyncConnectionPool:
    loop = asyncio.get_running_loop()
    if (found := _pools.get(loop)) is not None:
        return found
    options = await sync_to_async(connection_options)()
    if (found := _pools.get(loop)) is not None:  # another task was faster
        return found
    for closed in [old for old in _pools if old.is_closed()]:
        del _pools[closed]
    _pools[loop] = opened = AsyncConnectionPool(
        kwargs=options, min_size=1, max_size=POOL_SIZE, open=False, timeout=WAIT_SECONDS, reconnect_timeout=2
    )
    await opened.open()
    return opened


def connection_options() -> dict[str, Any]:
    """Django's own parameters, so that both ways lead to the same database, a test's included."""
    params = {name: value for name, value in connection.get_connection_params().items() if name not in DJANGOS_OWN}
    return {**params, "autocommit": True, "prepare_threshold": 1, "connect_timeout": WAIT_SECONDS}


async def close() -> None:
    if (found := _pools.pop(asyncio.get_running_loop(), None)) is not None:
        await found.close()


async def fetch_one(sql: str, params: Params = None) -> tuple[Any, ...] | None:
    async with Cursor() as cursor:
        await cursor.execute(sql, params)
        return await cursor.fetchone()


async def fetch_all(sql: str, params: Params = None) -> list[tuple[Any, ...]]:
    async with Cursor() as cursor:
        await cursor.execute(sql, params)
        return await cursor.fetchall()


async def execute(sql: str, params: Params = None) -> int:
    """The number of rows touched."""
    async with Cursor() as cursor:
        await cursor.execute(sql, params)
        return cursor.rowcount


class Cursor:
    """A cursor of the pool; trouble on the way to the database is told apart from what the database says."""

    async def __aenter__(self) -> psycopg.AsyncCursor:
        try:
            self.pool = await pool()
            self.connection = await self.pool.getconn()
        except (PoolTimeout, psycopg.OperationalError, OSError) as error:
            raise DatabaseUnavailable(str(error)) from error
        return self.connection.cursor()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        await self.pool.putconn(self.connection)
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            raise DatabaseUnavailable(str(error)) from error
