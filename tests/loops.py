"""Every event loop of a test closes its database pool before it ends.

Django's test client answers an asynchronous view on a loop of its own, in which the view opens a pool. Such a loop ends
by cancelling its tasks, once, and waits for them; one of the pool's that was connecting at this moment may go on
instead, and the test with it until its time is over.
"""

import asyncio
from collections.abc import Coroutine
from functools import wraps
from typing import Any

from conway.common import database

run_alone = asyncio.run


def install() -> None:
    asyncio.run = run  # also what asgiref's async_to_sync calls


@wraps(run_alone)
def run(main: Coroutine[Any, Any, Any], **options: Any) -> Any:
    return run_alone(with_pool_closed(main), **options)


async def with_pool_closed(main: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await main
    finally:
        await database.close()
