"""What was sold, by day and model: charged, the provider's cost, the margin, failures. Days are UTC.

A day is counted from its completions, by the index on their date. A day that is over is counted once and kept; what a
late correction of a `lost` completion still changes in it, the daily audit counts anew. Today's are half a minute old.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import connection

from conway.common.clock import SETTLED_AFTER, midnight
from inference.models import Settlement, SoldDay

DAYS = 14
DAY = timedelta(days=1)
TODAY_SECONDS = 30
COUNTED_HIGH = (Settlement.ESTIMATED, Settlement.LOST)


@dataclass(frozen=True)
class Sold:
    """Completions that are alike."""

    model: str
    provider: str
    settlement: str
    status: int
    ending: str
    completions: int
    charged_cents: int
    cost_usd: Decimal


@dataclass(frozen=True)
class Sum:
    completions: int
    charged_cents: int
    cost_usd: Decimal

    @classmethod
    def of(cls, sold: Iterable[Sold]) -> "Sum":
        rows = list(sold)
        return cls(
            sum(row.completions for row in rows),
            sum(row.charged_cents for row in rows),
            sum((row.cost_usd for row in rows), Decimal(0)),
        )

    @property
    def cost_cents(self) -> int:
        """To the nearest cent; only for reading."""
        return round(self.cost_usd * 100)

    @property
    def margin_cents(self) -> int:
        return self.charged_cents - self.cost_cents


@dataclass(frozen=True)
class DailySales:
    """The last days, the newest first; today's is the first and not over yet."""

    days: dict[date, list[Sold]]

    @property
    def today(self) -> list[Sold]:
        return next(iter(self.days.values()))

    @property
    def by_day(self) -> list[tuple[date, Sum]]:
        return [(day, Sum.of(sold)) for day, sold in self.days.items()]

    @property
    def by_model(self) -> list[tuple[str, Sum]]:
        """The most charged first."""
        groups: dict[str, list[Sold]] = defaultdict(list)
        for row in self.all:
            groups[row.model].append(row)
        sums = [(model, Sum.of(sold)) for model, sold in groups.items()]
        return sorted(sums, key=lambda found: -found[1].charged_cents)

    @property
    def all(self) -> list[Sold]:
        return [row for sold in self.days.values() for row in sold]

    @property
    def total(self) -> Sum:
        return Sum.of(self.all)

    @property
    def estimated_today(self) -> Sum:
        return Sum.of(row for row in self.today if row.settlement in COUNTED_HIGH)

    @property
    def failures_today(self) -> list[tuple[str, str, int]]:
        """Provider, how it ended, how often; the most frequent first."""
        counts: Counter[tuple[str, str]] = Counter()
        for row in self.today:
            if row.status != 200 or row.ending not in ("complete", "client_left"):
                counts[row.provider, row.ending] += row.completions
        return [(provider, ending, count) for (provider, ending), count in counts.most_common()]


def figures(now: datetime) -> DailySales:
    """`now` by the database's clock."""
    days = [now.date() - back * DAY for back in range(DAYS)]
    kept = {row.day: [read(line) for line in row.sold] for row in SoldDay.objects.filter(day__in=days)}
    return DailySales({day: kept[day] if day in kept else counted_and_kept(day, now) for day in days})


def recount(now: datetime) -> None:
    """Days that are over and were shown, or will be."""
    SoldDay.objects.filter(day__gte=now.date() - DAYS * DAY).delete()
    figures(now)


def counted_and_kept(day: date, now: datetime) -> list[Sold]:
    if day == now.date():
        return cache.get_or_set(f"sold:{day}", lambda: counted(day), TODAY_SECONDS) or []
    sold = counted(day)
    if now - midnight(day + DAY) > SETTLED_AFTER:
        lines = [asdict(row) | {"cost_usd": str(row.cost_usd)} for row in sold]
        SoldDay.objects.bulk_create([SoldDay(day=day, sold=lines)], ignore_conflicts=True)
    return sold


def read(line: dict[str, Any]) -> Sold:
    return Sold(**{**line, "cost_usd": Decimal(line["cost_usd"])})


def counted(day: date) -> list[Sold]:
    with connection.cursor() as cursor:
        cursor.execute(SOLD_SQL, {"since": midnight(day), "until": midnight(day + DAY)})
        return [Sold(*row) for row in cursor.fetchall()]


SOLD_SQL = """
SELECT model_id, provider, settlement, status, ending, count(*), sum(charged_cents)::bigint, sum(cost_usd)
FROM inference_completion WHERE created_at >= %(since)s AND created_at < %(until)s
GROUP BY 1, 2, 3, 4, 5"""
