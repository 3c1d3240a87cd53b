"""One gateway with tight limits, for every file here that sends it what it must not be sent."""

import resource
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from pytest_django import DjangoDbBlocker

from tests import ways
from tests.attacks.limits import LIMITS, SOFT_DESCRIPTORS
from tests.sdk.gateway import Gateway, running_gateway


@pytest.fixture(scope="session")
def guarded(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """Begun with few descriptors, of which it may have more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with django_db_blocker.unblock(), ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (SOFT_DESCRIPTORS, hard))
        try:
            folder = tmp_path_factory.mktemp("guarded")
            begun = running_gateway(folder, *ways.PARENT, has_pages=False, CONWAY_SANDBOX="1", **LIMITS)
            opened = stack.enter_context(begun)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        yield opened
        logged = opened.log.read_text()
        assert "Traceback" not in logged  # whatever was sent, and whoever's code met it


@pytest.fixture
def way(guarded: Gateway, request: pytest.FixtureRequest) -> Iterator[str]:
    with ways.taken(guarded, request.param) as way:
        yield way
