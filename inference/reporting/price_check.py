"""Where our rows and public price lists disagree. What is found is for staff to look at; nothing follows by itself."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from inference.catalog.pricing import PriceSheet
from inference.catalog.snapshot import Catalog, Listing
from inference.chat.usage import BUCKETS
from inference.models import CatalogCheck
from inference.reporting.price_lists import ListedModel, PriceList

# A price that a list announces for this long ahead should be announced here, too.
AHEAD = (timedelta(0), timedelta(days=30), timedelta(days=90))


@dataclass(frozen=True)
class Disagreement:
    """As staff read it: all are words. `field`: of the form of a new price, where it is a price in force."""

    model: str
    what: str
    ours: str
    theirs: str
    source: str
    field: str = ""


def check(book: Catalog, lists: Iterable[PriceList]) -> list[Disagreement]:
    found = [
        finding
        for listing in book.listings.values()
        if listing.is_on
        for price_list in lists
        for finding in of_model(listing, price_list, book.now())
    ]
    return list(dict.fromkeys(found))


def of_model(listing: Listing, price_list: PriceList, moment: datetime) -> Iterator[Disagreement]:
    said_before: set[str] = set()  # what differs today differs then, too
    for ahead in AHEAD:
        listed = price_list.find(listing.provider.name, listing.upstream_id, moment + ahead)
        price = listing.price_at(moment + ahead)
        if listed is None or price is None:
            continue
        for what, ours, theirs, field in differences(listing, price.sheet, listed):
            if what not in said_before:
                said_before.add(what)
                by = f", by {moment + ahead:%Y-%m-%d}" if ahead else ""
                yield Disagreement(listing.name, what + by, ours, theirs, price_list.name, "" if ahead else field)


def differences(listing: Listing, sheet: PriceSheet, listed: ListedModel) -> Iterator[tuple[str, str, str, str]]:
    yield from prices(sheet, listed)
    traits = listing.traits
    limits = (
        ("input limit", traits.max_input_tokens or traits.context_tokens, listed.max_input_tokens),
        ("output limit", traits.max_output_tokens, listed.max_output_tokens),
    )
    for what, ours, theirs in limits:
        if theirs is not None and theirs != ours:
            yield what, f"{ours:,}", f"{theirs:,}", ""
    if listed.retires_on is not None and listed.retires_on != listing.retires_on:
        yield "retirement", str(listing.retires_on or "no date"), str(listed.retires_on), ""


def prices(sheet: PriceSheet, listed: ListedModel) -> Iterator[tuple[str, str, str, str]]:
    """At each length of the prompt where either changes, of the buckets that the list names."""
    columns = {tier.above: column for column, tier in enumerate(sheet.tiers)}
    for above in sorted({tier.above for tier in sheet.tiers} | set(listed.tiers)):
        ours = sheet.tier(above + 1)
        for bucket in BUCKETS:
            theirs = in_force(listed, bucket, above)
            if theirs is not None and theirs != ours.price(bucket):
                longer = f" above {above:,}" if above else ""
                field = f"{bucket}-{columns[above]}" if above in columns else ""
                yield f"{bucket}{longer}", plain(ours.price(bucket)), plain(theirs), field


def in_force(listed: ListedModel, bucket: str, above: int) -> Decimal | None:
    """A list names in a tier only what changes there."""
    reached = sorted((start, prices[bucket]) for start, prices in listed.tiers.items() if bucket in prices)
    return next((price for start, price in reversed(reached) if start <= above), None)


def plain(price: Decimal) -> str:
    return f"{price.normalize():f}"


def record(found: list[Disagreement], sources: list[str]) -> CatalogCheck:
    """For the front page."""
    rows: list[dict[str, Any]] = [asdict(finding) for finding in found]
    return CatalogCheck.objects.create(sources=sources, disagreements=rows)
