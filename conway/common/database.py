"""One asynchronous pool per event loop to the database Django is configured for: the inference path's way in.

Statements run alone in autocommit, so none holds a row longer than its own round trip. A database that is down, or a
pool that stays full for `WAIT_SECONDS`, raises `DatabaseUnavailable`; the caller decides between 503 and the spool.
"""

import asyncio
import select
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import psycopg
from asgiref.sync import sync_to_async
from django.db import connection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

WAIT_SECONDS = 5  # for a connection
STATEMENT_SECONDS = 10  # a server that took the statement and went silent
POOL_SIZE = 8
DJANGOS_OWN = ("cursor_factory", "context", "prepare_threshold", "autocommit", "row_factory", "pool")

Params = Mapping[str, Any] | Sequence[Any] | None
Row = tuple[Any, ...]
T = TypeVar("T")

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
        kwargs=options,
        min_size=1,
        max_size=POOL_SIZE,
        open=False,
        timeout=WAIT_SECONDS,
        reconnect_timeout=2,
        check=still_there,
    )
    await opened.open()
    return opened


async def still_there(idle: psycopg.AsyncConnection[Any]) -> None:
    """What an idle connection has to say is goodbye: the server went away or restarted. Asked before each use, for one
    system call, so that nobody is told 503 for each connection of the time before.
    """
    said = select.poll()
    said.register(idle.fileno(), select.POLLIN)
    if said.poll(0):
        await idle.close()
        await (await pool()).drain()  # the others have heard the same
        raise psycopg.OperationalError("the server closed this connection while nobody used it")


def connection_options() -> dict[str, Any]:
    """Django's own parameters, so that both ways lead to the same database, a test's included."""
    params = {name: value for name, value in connection.get_connection_params().items() if name not in DJANGOS_OWN}
    return {**params, "autocommit": True, "prepare_threshold": 1, "connect_timeout": WAIT_SECONDS}


async def close() -> None:
    if (found := _pools.pop(asyncio.get_running_loop(), None)) is not None:
        await found.close()


async def fetch_one(sql: str, params: Params = None) -> Row | None:
    return await statement(sql, params, lambda cursor: cursor.fetchone())


async def fetch_all(sql: str, params: Params = None) -> list[Row]:
    return await statement(sql, params, lambda cursor: cursor.fetchall())


async def execute(sql: str, params: Params = None) -> int:
    """The number of rows touched."""
    return await statement(sql, params, counted)


async def counted(cursor: psycopg.AsyncCursor[Row]) -> int:
    return cursor.rowcount


async def statement(sql: str, params: Params, take: Callable[[psycopg.AsyncCursor[Row]], Awaitable[T]]) -> T:
    """Trouble on the way to the database is told apart from what the database says."""
    try:
        async with asyncio.timeout(STATEMENT_SECONDS), (await pool()).connection() as connected:
            return await take(await connected.execute(sql, params))
    except (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError, TimeoutError, OSError) as error:
        raise DatabaseUnavailable(str(error)) from error
