"""/healthz says that this process lives, /readyz whether it can take requests.

Both are answered whatever Host says, because a load balancer asks by address, and off the page pool, so that slow pages
make nobody look dead. Each look is taken once a second at most, however many ask.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from conway import operators
from conway.common import database
from conway.common.database import DatabaseUnavailable
from inference import catalog
from inference.api.asgi import Scope, Send
from inference.billing import spool

FRESH_SECONDS = 1.0
PATIENCE_SECONDS = 3.0  # a look that takes longer has failed; load balancers give up after five or so

Look = Callable[[], Awaitable[str]]  # what is wrong; nothing if all is well


async def database_is_writable() -> str:
    row = await database.fetch_one(WRITABLE_SQL)
    return "" if row and row[0] else "The database is read-only."


async def migrations_are_applied() -> str:
    row = await database.fetch_one(UNAPPLIED_SQL, [await sync_to_async(newest_migrations)()])
    return f"Not applied: {', '.join(sorted(row[0]))}. Run `manage.py migrate`." if row and row[0] else ""


@cache
def newest_migrations() -> list[str]:
    """Each app's last, of this release; what came before it was applied before it."""
    return [".".join(node) for node in MigrationLoader(None).graph.leaf_nodes()]


async def spool_is_writable() -> str:
    """Writes to the spool's disk, in a thread: a disk in trouble blocks whoever writes to it."""
    try:
        await asyncio.to_thread(spool.try_folder, settings.CONWAY_DATA_DIR / "spool")
    except OSError as error:
        return f"Settlements cannot be kept on this machine's disk: {error.strerror}."
    return ""


async def catalogue_is_loaded() -> str:
    return "" if (await catalog.current()).listings else "There is no model."


LOOKS: Mapping[str, Look] = {
    "database": database_is_writable,
    "migrations": migrations_are_applied,
    "spool": spool_is_writable,
    "catalogue": catalogue_is_loaded,
}


async def what_is_wrong(look: Look) -> str:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await look()
    except TimeoutError:
        return f"No answer within {PATIENCE_SECONDS:.0f} s."
    except DatabaseUnavailable:
        return "The database does not answer."
    except Exception as error:  # whatever it is, this process should get no requests; its text may name addresses
        return f"It failed with {type(error).__name__}."


class Readiness:
    """The last look. Who asks while one is under way waits for that one."""

    def __init__(self, looks: Mapping[str, Look] = LOOKS) -> None:
        self.looks = looks
        self.found: dict[str, str] = {}
        self.until = 0.0
        self.looking: asyncio.Task[None] | None = None

    async def now(self) -> dict[str, str]:
        if time.monotonic() >= self.until:
            if self.looking is None or self.looking.done():
                self.looking = asyncio.create_task(self.look())
            await asyncio.shield(self.looking)  # one caller's hang-up ends no look that others wait for
        return self.found

    async def look(self) -> None:
        problems = await asyncio.gather(*(what_is_wrong(look) for look in self.looks.values()))
        self.found = dict(zip(self.looks, problems, strict=True))
        self.until = time.monotonic() + FRESH_SECONDS


readiness = Readiness()


async def healthz(scope: Scope, send: Send) -> None:
    """That this is answered is all it says: the process runs, and its event loop goes round."""
    await respond(200, {"alive": True}, send)


async def readyz(scope: Scope, send: Send) -> None:
    found = await readiness.now()
    is_ready = not any(found.values())
    answer: dict[str, Any] = {"ready": is_ready}
    if operators.holds_token(scope):
        answer["checks"] = {name: wrong or "ok" for name, wrong in found.items()}
    await respond(200 if is_ready else 503, answer, send)


async def respond(status: int, answer: Mapping[str, Any], send: Send) -> None:
    body = json.dumps(answer).encode() + b"\n"
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


WRITABLE_SQL = "SELECT current_setting('transaction_read_only') = 'off'"

UNAPPLIED_SQL = """
SELECT coalesce(array_agg(known), '{}') FROM unnest(%s::text[]) known
WHERE known NOT IN (SELECT app || '.' || name FROM django_migrations)"""
