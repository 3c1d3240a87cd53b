"""`python -m tests.ways`: a whole gateway whose answers go either way, at a test's word: straight to the client's
socket, as on our own server, or by ASGI's messages alone, as on any other.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

if TYPE_CHECKING:  # it brings tables, which the parent has not
    from tests.sdk.gateway import Gateway

PARENT = ("-m", "tests.ways")
STRAIGHT, ASGI = "straight to the socket", "by ASGI"
SIGN = "asgi"
WAYS = (STRAIGHT, ASGI)

both_ways = pytest.mark.parametrize("way", WAYS, indirect=True)


@contextmanager
def taken(gateway: "Gateway", way: str) -> Iterator[str]:
    """For all requests meanwhile. `gateway` was started with PARENT."""
    sign = gateway.log.parent / SIGN
    try:
        if way == ASGI:
            sign.touch()
        yield way
    finally:
        sign.unlink(missing_ok=True)


def serve() -> int:
    from conway import workers

    listening = workers.listen("127.0.0.1", 0)
    return asyncio.run(
        workers.serve(
            workers.Workers(listening, 1, "tests.ways_application"),
            sandbox=settings.CONWAY_SANDBOX and not settings.CONWAY_SANDBOX_URL,
            stop_seconds=settings.CONWAY_STOP_SECONDS,
            ready=lambda: print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True),
        )
    )


if __name__ == "__main__":
    sys.exit(serve())
