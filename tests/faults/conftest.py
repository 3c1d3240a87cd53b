"""Real processes: the gateway under Daphne, a PostgreSQL server of our own, the sandbox as every provider.

Most scenarios share one gateway of two workers (`scene`, `tough`); those that end one have it to themselves (`stage`).
Each has customers of its own, and ends with a reckoning.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker

from conway.settings import database
from tests import lasting_catalogue
from tests.faults import reliability
from tests.faults.gateway import Gateway
from tests.faults.machines import HERE
from tests.faults.postgres import Postgres
from tests.faults.scenario import Scene
from tests.faults.upstream import Upstream
from tests.served import close_session

LONG = bool(os.environ.get("CONWAY_LONG_TESTS"))
REPAIR_SECONDS = 90 if LONG else 45
SHORT_PATIENCE = {
    "CONWAY_DRAIN_SECONDS": "2", "CONWAY_FIRST_BYTE_SECONDS": "5", "CONWAY_BETWEEN_BYTES_SECONDS": "4",
    "CONWAY_JSON_SECONDS": "240" if LONG else "5", "CONWAY_LOST_SECONDS": "4", "CONWAY_STALL_SECONDS": "3",
    "CONWAY_ACCOUNT_CONCURRENCY": "1000",  # one customer often stands for a hundred
}  # fmt: skip
LONG_PATIENCE = dict.fromkeys(
    ("CONWAY_FIRST_BYTE_SECONDS", "CONWAY_BETWEEN_BYTES_SECONDS", "CONWAY_JSON_SECONDS"), "240"
)

Stage = Callable[..., Scene]
names = (f"stage_{number}" for number in itertools.count())


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    sandbox = Upstream()
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="session")
def shared_gateway(
    postgres: Postgres, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gateway, str]]:
    url = postgres.new_database("shared")
    gateway = Gateway(tmp_path_factory.mktemp("shared"), url, upstream.url, workers=2, machine=HERE, **SHORT_PATIENCE)
    yield gateway, url
    gateway.close()


@pytest.fixture(scope="module")
def patient_gateway(
    postgres: Postgres, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gateway, str]]:
    url = postgres.new_database("patient")
    patience = {**SHORT_PATIENCE, **LONG_PATIENCE}
    gateway = Gateway(tmp_path_factory.mktemp("patient"), url, upstream.url, workers=2, machine=HERE, **patience)
    yield gateway, url
    gateway.close()


@pytest.fixture
def scene(shared_gateway: tuple[Gateway, str], upstream: Upstream, books_at: Callable[[str], None]) -> Scene:
    return begun(*shared_gateway, upstream, books_at)


@pytest.fixture
def patient(patient_gateway: tuple[Gateway, str], upstream: Upstream, books_at: Callable[[str], None]) -> Scene:
    """For a crowd that is about money: on a busy machine the sandbox is late, and the gateway waits."""
    return begun(*patient_gateway, upstream, books_at)


def begun(gateway: Gateway, url: str, upstream: Upstream, books_at: Callable[[str], None]) -> Scene:
    books_at(url)
    lasting_catalogue.load()
    upstream.forget()
    return Scene(gateway, upstream)


@pytest.fixture
def stage(postgres: Postgres, upstream: Upstream, books_at: Callable[[str], None], tmp_path: Path) -> Iterator[Stage]:
    """`stage(workers=2, CONWAY_LOST_SECONDS="6")`: a gateway, a database and a folder of one's own. `through`: what the
    gateway reaches its database by, given the database's address.
    """
    with ExitStack() as stack:

        def build(*, workers: int = 1, through: Callable[[str], str] = str, **chosen: str) -> Scene:
            url = postgres.new_database(next(names))
            books_at(url)
            lasting_catalogue.load()
            upstream.forget()
            patience = {**SHORT_PATIENCE, **chosen}
            gateway = Gateway(tmp_path / "var", through(url), upstream.url, workers=workers, machine=HERE, **patience)
            stack.callback(gateway.close)
            return Scene(gateway, upstream)

        yield build


@pytest.fixture
def tough(request: pytest.FixtureRequest) -> Scene:
    """Whose gateway survives what is done to it: the shared one, or in the long form one with the patience of life."""
    if LONG:
        patience = {"CONWAY_LOST_SECONDS": "30", "CONWAY_STUCK_SECONDS": "0"}  # workers are frozen for longer here
        return request.getfixturevalue("stage")(workers=2, **patience)  # type: ignore[no-any-return]
    scene: Scene = request.getfixturevalue("scene")
    scene.gateway.await_workers()
    return scene


@pytest.fixture
def books_at(django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Leads Django in this process to a database."""

    def lead(url: str) -> None:
        close_session()  # an open one would go on with the database before: customers nobody at the gateway knows
        for name, value in database(url).items():
            monkeypatch.setitem(connection.settings_dict, name, value)
        monkeypatch.setitem(
            connection.settings_dict, "OPTIONS", {}
        )  # no pool: a server that restarts breaks none of ours

    monkeypatch.setattr(settings, "EMBEDDED_POSTGRESQL", None)
    with django_db_blocker.unblock():
        yield lead
        connection.close()


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[..., None]:
    """A line of the long form's table, under the test's own name."""

    def note(scene: Scene, faults: str, requests: int | None = None, **exceptions: Any) -> Any:
        reckoning = scene.reckon(**exceptions)
        words = request.node.name.removeprefix("test_").replace("_", " ")
        reliability.note(words, reckoning, len(scene.heard) if requests is None else requests, faults)
        return reckoning

    return note


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if LONG and reliability.rows:
        reliability.write()
