"""One gateway for the whole folder: what its callers do is undone by nobody, so tests count what they add."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from openai import AsyncOpenAI, OpenAI
from pytest_django import DjangoDbBlocker

from tests import ways
from tests.sdk.gateway import Gateway, Sandbox, running_gateway


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    process = subprocess.Popen(
        [sys.executable, "-m", "inference.sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        yield Sandbox(process.stdout.readline().split()[-1])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture(scope="session")
def gateway(
    sandbox: Sandbox,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    with (
        django_db_blocker.unblock(),
        running_gateway(
            tmp_path_factory.mktemp("sdk"), *ways.PARENT, CONWAY_SANDBOX="1", CONWAY_SANDBOX_URL=sandbox.url
        ) as opened,
    ):
        yield opened


@pytest.fixture
def way(gateway: Gateway, request: pytest.FixtureRequest) -> Iterator[str]:
    with ways.taken(gateway, request.param) as way:
        yield way


@pytest.fixture(autouse=True)
def nothing_is_held_and_nothing_is_unforeseen(request: pytest.FixtureRequest, db: None) -> Iterator[None]:
    yield
    for name in ("gateway", "fuzzed"):
        if name in request.fixturenames:
            opened: Gateway = request.getfixturevalue(name)
            assert opened.held == 0
            assert not opened.tracebacks


@pytest.fixture
def openai(gateway: Gateway) -> Iterator[OpenAI]:
    with gateway.client() as client:
        yield client


@pytest.fixture
async def asynchronous(gateway: Gateway) -> AsyncOpenAI:
    return gateway.async_client()
