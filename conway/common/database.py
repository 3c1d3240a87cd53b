"""One asynchronous pool per event loop to the database Django is configured for: the inference path's way in.

Statements run alone in autocommit, so none holds a row longer than its own round trip. A database that is down, or a
pool that stays full for `WAIT_SECONDS`, raises `DatabaseUnavailable`; the caller decides between 503 and the spool.
So does one that refuses everybody: read-only, out of disk or connections, shutting down.
"""

import asyncio
import select
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import psycopg
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

WAIT_SECONDS = 5  # for a connection
STATEMENT_SECONDS = 10  # a server that took the statement and went silent
POOL_SIZE = 8
RENEWED_SECONDS = 1  # at most so often: while the spell lasts, new sessions are no better than the old
DJANGOS_OWN = ("cursor_factory", "context", "prepare_threshold", "autocommit", "row_factory", "pool")

# SQLSTATEs, or their beginnings, that are said against the service as a whole and not against the statement: lost
# connections, no disk, memory or connection left, the server's going and coming, a transaction it ended for its length.
AGAINST_ALL = ("08", "53", "57P0", "25006", "25P04")
# Those of a session that will say the same again: it took `default_transaction_read_only` from its start, or is dead.
AGAINST_SESSION = ("08", "57P0", "25006")

Params = Mapping[str, Any] | Sequence[Any] | None
Row = tuple[Any, ...]
T = TypeVar("T")

# A pool belongs to the loop it was opened in: a test, a command and a server each have their own.
_pools: dict[asyncio.AbstractEventLoop, AsyncConnectionPool] = {}
_renewed: dict[asyncio.AbstractEventLoop, float] = {}


class DatabaseUnavailable(Exception):
    """The database did not answer; whether a statement under way was carried out is not known."""


def is_against_all(error: BaseException) -> bool:
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(AGAINST_ALL)


def spoils_sessions(error: BaseException) -> bool:
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(AGAINST_SESSION)


def pool_of_this_loop() -> AsyncConnectionPool | None:
    return _pools.get(asyncio.get_running_loop())


async def pool() -> AsyncConnectionPool:
    loop = asyncio.get_running_loop()
    if (found := _pools.get(loop)) is not None:
        return found
    options = await sync_to_async(connection_options)()
    if (found := _pools.get(loop)) is not None:  # another task was faster
        return found
    for closed in [old for old in _pools if old.is_closed()]:
        del _pools[closed]
        _renewed.pop(closed, None)
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
    poll = select.poll()
    poll.register(idle.fileno(), select.POLLIN)
    if poll.poll(0):
        await idle.close()
        await (await pool()).drain()  # the others have heard the same
        raise psycopg.OperationalError("the server closed this connection while nobody used it")


async def renew() -> None:
    """Sessions opened while the database was read-only stay so after it is not: without this, for the pool's hour."""
    loop, now = asyncio.get_running_loop(), time.monotonic()
    if now - _renewed.get(loop, 0) >= RENEWED_SECONDS and (found := _pools.get(loop)) is not None:
        _renewed[loop] = now
        await found.drain()


def connection_options() -> dict[str, Any]:
    """Django's own parameters, so that both ways lead to the same database, a test's included."""
    params = {name: value for name, value in connection.get_connection_params().items() if name not in DJANGOS_OWN}
    prepared = 1 if settings.CONWAY_PREPARED_STATEMENTS else None
    return {**params, "autocommit": True, "prepare_threshold": prepared}


async def close() -> None:
    if (found := _pools.pop(asyncio.get_running_loop(), None)) is not None:
        await found.close()


async def fetch_one(sql: str, params: Params = None) -> Row | None:
    return await statement(sql, params, lambda cursor: cursor.fetchone())


async def fetch_all(sql: str, params: Params = None) -> list[Row]:
    return await statement(sql, params, lambda cursor: cursor.fetchall())


async def fetch_for(sql: str, items: str) -> list[Row]:
    """Of a statement whose one parameter, `$1`, is a list in JSON. psycopg does not look for parameters in it: beyond
    4,096 characters it would do so anew at each call."""

    async def take(connected: psycopg.AsyncConnection[Row]) -> list[Row]:
        cursor = await psycopg.AsyncRawCursor(connected).execute(sql, (items,))
        return await cursor.fetchall()

    return await on_a_connection(take)


async def execute(sql: str, params: Params = None) -> int:
    """The number of rows touched."""
    return await statement(sql, params, counted)


async def counted(cursor: psycopg.AsyncCursor[Row]) -> int:
    return cursor.rowcount


async def statement(sql: str, params: Params, take: Callable[[psycopg.AsyncCursor[Row]], Awaitable[T]]) -> T:
    async def taken(connected: psycopg.AsyncConnection[Row]) -> T:
        return await take(await connected.execute(sql, params))

    return await on_a_connection(taken)


async def on_a_connection(carry_out: Callable[[psycopg.AsyncConnection[Row]], Awaitable[T]]) -> T:
    """Trouble with the database is told apart from what it says of the statement."""
    try:
        async with asyncio.timeout(STATEMENT_SECONDS), (await pool()).connection() as connected:
            return await carry_out(connected)
    except (PoolTimeout, psycopg.OperationalError, psycopg.InterfaceError, TimeoutError, OSError) as error:
        await renew_after(error)
        raise DatabaseUnavailable(str(error)) from error
    except psycopg.Error as error:
        if not is_against_all(error):
            raise
        await renew_after(error)
        raise DatabaseUnavailable(str(error)) from error


async def renew_after(error: Exception) -> None:
    if spoils_sessions(error):
        await renew()
