"""Which model, where, at which price. Rows live in the database; each process reads a snapshot a few seconds old."""

import asyncio
import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

from conway.common import database
from inference.catalog import aliases
from inference.catalog.pricing import PriceSheet
from inference.chat.traits import Traits
from inference.dialects import DIALECTS, Dialect
from inference.upstream.providers import PROVIDERS, Provider

log = logging.getLogger(__name__)

# Behind a provider's own name of a model: a date, as 2026-11-27 or 11-2026, or Google's number of a release.
DATE = re.compile(r"-(?:\d{4}-?\d{2}-?\d{2}|\d{2}-\d{4}|\d{3})$")
LONGEST_NAME = 300  # of a model, as a provider may say it; ours are shorter
SNAPSHOT_SECONDS = 2
# Prices are announced this long before they start, so that every process knows them by then.
NOTICE = timedelta(seconds=60)
# A model that its provider did not know is listed as unavailable for so long, unless it answers before.
MISSING_FOR = timedelta(minutes=15)


@dataclass(frozen=True)
class PricePoint:
    id: int
    starts_at: datetime
    sheet: PriceSheet
    source: str
    checked_on: Any


@dataclass(frozen=True)
class Listing:
    """A model as offered now."""

    name: str
    display_name: str
    provider: Provider
    dialect: Dialect
    upstream_id: str
    is_on: bool
    successor: str
    retires_on: date | None
    successor_from: date | None
    missing_since: datetime | None
    summary: str
    traits: Traits
    bound_percent: int
    estimate_percent: int
    prices: tuple[PricePoint, ...]  # newest start first
    asked_as: str | None = None  # the retired name that it answers for

    def price_at(self, moment: datetime) -> PricePoint | None:
        return next((price for price in self.prices if price.starts_at <= moment), None)

    def is_named(self, upstream_model: str) -> bool:
        """`gpt-5-mini-2025-08-07` is gpt-5-mini; `gpt-5-mini-tts` is something else."""
        return undated(upstream_model[:LONGEST_NAME]) in (undated(self.upstream_id), self.name)

    @property
    def is_available(self) -> bool:
        return self.is_on and self.provider.is_configured and bool(self.prices)

    @property
    def redirect(self) -> str:
        """The redirection as a header tells it; empty where the model asked for answers itself."""
        return f"{self.asked_as} -> {self.name}" if self.asked_as else ""

    def is_missing(self, moment: datetime) -> bool:
        """Whether the provider said of late that it has no such model."""
        return self.missing_since is not None and moment - self.missing_since < MISSING_FOR


@dataclass(frozen=True)
class Catalog:
    listings: Mapping[str, Listing]
    # The database's clock minus ours: days, and the starts of prices, are the database's.
    skew: timedelta
    read_at: float
    others: Mapping[str, Listing] = field(default_factory=dict)  # by other names (aliases.py)

    def find(self, name: str) -> Listing | None:
        return aliases.find(name, self.listings, self.others)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.skew

    def served(self, upstream_model: str, provider: Provider) -> Listing | None:
        """The listing a provider's own model name belongs to: dated snapshots count as their model."""
        mine = [listing for listing in self.listings.values() if listing.provider == provider]
        return next((listing for listing in mine if listing.is_named(upstream_model)), None)


@lru_cache(maxsize=1024)  # asked several times of each completion
def undated(upstream_model: str) -> str:
    return DATE.sub("", upstream_model.removeprefix("models/"))


_snapshot: Catalog | None = None
_locks: dict[asyncio.AbstractEventLoop, asyncio.Lock] = {}


async def current() -> Catalog:
    """Raises `DatabaseUnavailable` where the snapshot is old and cannot be renewed."""
    if (fresh := still_fresh()) is not None:
        return fresh
    lock = _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    async with lock:
        return still_fresh() or keep(await database.fetch_all(CATALOG_SQL))


def current_sync() -> Catalog:
    """The same for pages and commands, through Django's connection."""
    if (fresh := still_fresh()) is not None:
        return fresh
    with connection.cursor() as cursor:
        cursor.execute(CATALOG_SQL)
        return keep(cursor.fetchall())


def still_fresh() -> Catalog | None:
    return _snapshot if _snapshot is not None and time.monotonic() - _snapshot.read_at < SNAPSHOT_SECONDS else None


def forget() -> None:
    """The next reader asks the database."""
    global _snapshot
    _snapshot = None


def keep(rows: list[tuple[Any, ...]]) -> Catalog:
    global _snapshot
    skew = rows[0][-1] - datetime.now(UTC) if rows else timedelta()
    listings = [found for row in rows if (found := readable(row)) is not None]
    others = aliases.table(listing for listing in listings if listing.is_on)
    _snapshot = Catalog({listing.name: listing for listing in listings}, skew, time.monotonic(), others)
    return _snapshot


def readable(row: tuple[Any, ...]) -> Listing | None:
    """A row that staff spoiled takes its model off the list, not the others."""
    try:
        return listing(row)
    except (KeyError, TypeError, ValueError):
        log.exception("the catalogue's row of %s cannot be read", row[0])
        return None


def listing(row: tuple[Any, ...]) -> Listing:
    (
        name,
        display_name,
        provider_name,
        dialect,
        upstream_id,
        is_on,
        successor,
        retires_on,
        successor_from,
        missing_since,
        summary,
        traits,
        bound,
        estimate,
        prices,
        _,
    ) = row
    provider = PROVIDERS[provider_name]
    points = tuple(
        PricePoint(price_id, datetime.fromtimestamp(starts, UTC), PriceSheet.of(sheet), source, checked)
        for price_id, starts, sheet, source, checked in parsed(prices)
    )
    speaks = DIALECTS[dialect or provider.dialect]
    return Listing(
        name, display_name, provider, speaks, upstream_id, is_on, successor, retires_on, successor_from,
        missing_since, summary, Traits.of(parsed(traits)), bound, estimate, points,
    )  # fmt: skip


def parsed(value: Any) -> Any:
    """Django's connection leaves jsonb as text, psycopg's own parses it."""
    return json.loads(value) if isinstance(value, str) else value


CATALOG_SQL = """
SELECT m.name, m.display_name, m.provider, m.dialect, m.upstream_id, m.is_on, m.successor, m.retires_on,
       m.successor_from, m.missing_since, m.summary, m.traits, m.bound_percent, m.estimate_percent,
       coalesce((SELECT jsonb_agg(
                   jsonb_build_array(p.id, extract(epoch FROM p.starts_at), p.sheet, p.source, p.checked_on)
                   ORDER BY p.starts_at DESC)
                 FROM inference_price p WHERE p.model_id = m.name), '[]'), clock_timestamp()
FROM inference_chatmodel m ORDER BY m.position, m.name"""
