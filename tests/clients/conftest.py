"""The real programs, from their registries, against a running gateway before the sandbox: `make test-clients`."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from tests.clients.installed import KEPT, Clients, end_all_of
from tests.sdk.conftest import nothing_is_held_and_nothing_is_unforeseen as nothing_is_held_and_nothing_is_unforeseen
from tests.sdk.conftest import sandbox as sandbox
from tests.sdk.gateway import Gateway, Sandbox, running_gateway

SKIPPED = "programs of others, from their registries: make test-clients runs them"
Paid = Callable[[int, str], None]


@pytest.fixture(scope="session")
def clients() -> Clients:
    if "CONWAY_CLIENTS" not in os.environ:
        pytest.skip(SKIPPED)
    KEPT.mkdir(parents=True, exist_ok=True)
    return Clients(KEPT)


@pytest.fixture(scope="session")
def gateway(
    clients: Clients,
    sandbox: Sandbox,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    """With its pages: some look whether anybody is at `/`. It is not begun where there are no clients."""
    folder = tmp_path_factory.mktemp("clients")
    with (
        django_db_blocker.unblock(),
        running_gateway(folder, has_pages=True, CONWAY_SANDBOX="1", CONWAY_SANDBOX_URL=sandbox.url) as opened,
    ):
        yield opened


@pytest.fixture
def paid(gateway: Gateway) -> Paid:
    """`paid(4, model)`: so many requests at least were charged, each as its receipt adds up; nothing is held."""
    before = gateway.charges

    def check(requests: int, model: str) -> None:
        made = gateway.charges - before
        assert made >= requests
        assert gateway.held == 0
        newest = gateway.rows(
            "SELECT c.model_id, c.settlement, c.charged_cents, -t.amount_cents, ceil(c.cost_usd * 130)"
            " FROM inference_completion c JOIN credits_credittransaction t ON t.reference = 'inference:' || c.id"
            " ORDER BY c.created_at DESC LIMIT %s",
            made,
        )
        assert model in {row[0] for row in newest}
        for _, settlement, charged, booked, formula in newest:
            assert (settlement, charged, booked) == ("exact", formula, formula)

    return check


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    """Where a program works, with a home of its own in it. What it leaves running there ends with the test."""
    folder = tmp_path / "work"
    folder.mkdir()
    yield folder
    end_all_of(folder / "home")
