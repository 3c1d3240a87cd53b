"""The whole service before its sandbox, for several tests: what it finds in its database outlives each of them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pytest_django import DjangoDbBlocker

from credits.models import Hold
from tests import cleaning, lasting_catalogue
from tests.served import Served, served

SETTLED_SECONDS = 20


@contextmanager
def lasting_service(blocker: DjangoDbBlocker, **environment: str) -> Iterator[Served]:
    """Of a folder or a file at most: it would tidy the holds of tests that know nothing of it."""
    with blocker.unblock():
        lasting_catalogue.load()
    environment = {"CONWAY_SANDBOX": "1", "CONWAY_DRAIN_SECONDS": "2", "LOG_LEVEL": "ERROR", **environment}
    with served(log=None, folder=None, **environment) as server:
        yield server
    with blocker.unblock():
        cleaning.empty_touched_tables()


@pytest.fixture
def fresh(transactional_db: None) -> Iterator[None]:
    """The catalogue that such a service knows. It has to be done with a test before the next begins."""
    lasting_catalogue.load()
    yield
    deadline = time.monotonic() + SETTLED_SECONDS
    while Hold.objects.exists():
        assert time.monotonic() < deadline, "a completion of this test is not settled"
        time.sleep(0.05)
