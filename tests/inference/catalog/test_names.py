"""The fourteen names that were offered from the start, asked on days when their providers have ended some of them."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from credits.models import CreditTransaction
from inference import catalog
from inference.catalog import loading, snapshot
from inference.catalog.snapshot import Catalog, Listing
from inference.models import ChatModel, Completion
from tests.inference.catalog import names
from tests.inference.catalog.names import DATES, NAMES
from tests.inference.conftest import Ask, Sandbox

ROWS = loading.rows()


@pytest.fixture
def on(ask: Ask, sandbox: Sandbox) -> Iterator[object]:
    """The catalogue as it will be read on a day, and providers that answer as they will then."""

    def on(day: date) -> None:
        sandbox.control(gone=names.gone(day), rerouted=names.rerouted(day))
        catalog.forget()
        book = as_shipped(catalog.current_sync())
        skew = names.noon(day) - datetime.now(UTC)
        snapshot._snapshot = replace(book, skew=skew, read_at=math.inf)

    yield on
    sandbox.control(reset=True)
    catalog.forget()


def as_shipped(book: Catalog) -> Catalog:
    """With the file's successors, and as if its prices had been loaded long ago, and not by this test."""

    def older(listing: Listing) -> Listing:
        *later, first = listing.prices
        prices = (*later, replace(first, starts_at=datetime(2026, 1, 1, tzinfo=UTC)))
        return replace(listing, prices=prices, successor_from=ROWS[listing.name].get("successor_from"))

    return replace(book, listings={name: older(listing) for name, listing in book.listings.items()})


@pytest.mark.parametrize("day", DATES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_answers(ask: Ask, on: object, name: str, day: date) -> None:
    on(day)  # type: ignore[operator]
    expected = names.expected(name, day)
    said = ask(name, names.ASKED)
    if expected.offered:
        assert (said.status, said.error["code"]) == (404, "model_not_found")
        assert not CreditTransaction.objects.filter(type="inference").exists()
        assert f"Use '{expected.offered}' instead: $" in said.error["message"]
        return
    completion = Completion.objects.select_related("price").get()
    row = ChatModel.objects.get(name=expected.by)
    assert said.status == 200
    assert said.json()["model"].startswith(row.upstream_id)
    assert completion.model_id == completion.price.model_id == expected.by
    assert completion.charged_cents == names.cents(expected.by, day)
    assert said.headers["x-conway-charged-cents"] == str(completion.charged_cents)
    assert said.headers.get("x-conway-model-redirect") == (None if expected.by == name else f"{name} -> {expected.by}")


@pytest.mark.parametrize("name", [name for name in NAMES if names.expected(name, DATES[-1]).offered])
def test_whoever_agrees_is_served_under_every_name(ask: Ask, on: object, name: str) -> None:
    on(DATES[-1])  # type: ignore[operator]
    said = ask(name, "say 8 words", headers={"x-conway-follow-successor": "true"})
    assert said.status == 200
    assert Completion.objects.get().model_id == names.expected(name, DATES[-1]).offered


def test_the_page_says_what_is_tested() -> None:
    assert names.PAGE.read_text() == names.page(), "python -m tests.inference.catalog.names"
