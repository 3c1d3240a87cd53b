import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from inference.upstream.wire import Wire


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What is asynchronous here runs on both: the service on uvloop, scripts and tests elsewhere on asyncio's own."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    yield wire
    await wire.aclose()
