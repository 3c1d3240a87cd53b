"""What was sold and earned, by day and model. Days are UTC.

Money is the ledger's, on the day it was booked: a refund lowers the income of its own day, not of its charge's, and so
does a correction. Completions and failures are counted where they ended. A day that is over is counted once and
kept; of today, what has settled is counted once in each process.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from django.core.cache import cache
from django.db import connection

from conway.common.clock import SETTLED_AFTER, midnight
from credits.figures import database_now
from inference.models import ANSWERED, Settlement, SoldDay

DAYS = 14
DAY = timedelta(days=1)
COUNTED_HIGH = (Settlement.ESTIMATED, Settlement.LOST)


@dataclass(frozen=True)
class Sold:
    """Completions that are alike."""

    WORDS: ClassVar = ("model", "provider", "settlement", "status", "ending")
    NUMBERS: ClassVar = ("completions", "charged_cents", "cost_usd")

    model: str
    provider: str
    settlement: str
    status: int
    ending: str
    completions: int
    charged_cents: int
    cost_usd: Decimal


@dataclass(frozen=True)
class Booked:
    """What was booked for a model in a day."""

    WORDS: ClassVar = ("model", "provider")
    NUMBERS: ClassVar = ("charged_cents", "given_back_cents", "cost_usd")

    model: str
    provider: str
    charged_cents: int
    given_back_cents: int
    cost_usd: Decimal


Line = TypeVar("Line", Sold, Booked)


@dataclass(frozen=True)
class Sum:
    completions: int
    charged_cents: int
    given_back_cents: int
    cost_usd: Decimal

    @classmethod
    def of(cls, sold: Iterable[Sold], booked: Iterable[Booked]) -> "Sum":
        rows = list(booked)
        return cls(
            sum(row.completions for row in sold),
            sum(row.charged_cents for row in rows),
            sum(row.given_back_cents for row in rows),
            sum((row.cost_usd for row in rows), Decimal(0)),
        )

    @property
    def cost_cents(self) -> int:
        """To the nearest cent; only for reading."""
        return round(self.cost_usd * 100)

    @property
    def income_cents(self) -> int:
        return self.charged_cents - self.given_back_cents - self.cost_cents


@dataclass(frozen=True)
class Day:
    sold: list[Sold]
    booked: list[Booked]

    @property
    def sum(self) -> Sum:
        return Sum.of(self.sold, self.booked)


@dataclass(frozen=True)
class DailySales:
    """The last days, the newest first; today's is the first and not over yet."""

    days: dict[date, Day]

    @property
    def last_day(self) -> date:
        return next(iter(self.days))

    @property
    def first_day(self) -> date:
        return list(self.days)[-1]

    @property
    def today(self) -> list[Sold]:
        return self.days[self.last_day].sold

    @property
    def by_day(self) -> list[tuple[date, Sum]]:
        return [(day, found.sum) for day, found in self.days.items()]

    @property
    def by_model(self) -> list[tuple[str, Sum]]:
        """The most charged first."""
        models = dict.fromkeys([*(row.model for row in self.sold), *(row.model for row in self.booked)])
        sums = [
            (
                model,
                Sum.of(
                    (row for row in self.sold if row.model == model), (row for row in self.booked if row.model == model)
                ),
            )
            for model in models
        ]
        return sorted(sums, key=lambda found: -found[1].charged_cents)

    @property
    def sold(self) -> list[Sold]:
        return [row for day in self.days.values() for row in day.sold]

    @property
    def booked(self) -> list[Booked]:
        return [row for day in self.days.values() for row in day.booked]

    @property
    def total(self) -> Sum:
        return Sum.of(self.sold, self.booked)

    @property
    def by_our_count_today(self) -> tuple[int, int]:
        """Completions whose provider's count did not arrive, and what they were charged."""
        found = [row for row in self.today if row.settlement in COUNTED_HIGH]
        return sum(row.completions for row in found), sum(row.charged_cents for row in found)

    @property
    def failures_today(self) -> list[tuple[str, str, int]]:
        """Provider, how it ended, how often; the most frequent first."""
        counts: Counter[tuple[str, str]] = Counter()
        for row in self.today:
            if row.ending not in ANSWERED:
                counts[row.provider, row.ending] += row.completions
        return [(provider, ending, count) for (provider, ending), count in counts.most_common()]


def figures(now: datetime) -> DailySales:
    """`now` by the database's clock."""
    days = [now.date() - back * DAY for back in range(DAYS)]
    kept = {row.day: read(row) for row in SoldDay.objects.filter(day__in=days)}
    return DailySales({day: kept[day] if day in kept else counted_and_kept(day, now) for day in days})


def look() -> int:
    """So that whoever looks next finds the days counted."""
    return len(figures(database_now()).days)


def recount(now: datetime) -> None:
    """Days that are over and were shown, or will be."""
    SoldDay.objects.filter(day__gte=now.date() - DAYS * DAY).delete()
    figures(now)


def counted_and_kept(day: date, now: datetime) -> Day:
    if day == now.date():
        return today(now)
    found = counted(midnight(day), midnight(day + DAY))
    if now - midnight(day + DAY) > SETTLED_AFTER:
        kept = SoldDay(day=day, sold=written(found.sold), booked=written(found.booked))
        SoldDay.objects.bulk_create([kept], ignore_conflicts=True)
    return found


def written(rows: Iterable[Sold | Booked]) -> list[dict[str, Any]]:
    return [asdict(row) | {"cost_usd": str(row.cost_usd)} for row in rows]


def read(row: SoldDay) -> Day:
    sold, booked = (
        [{**line, "cost_usd": Decimal(line["cost_usd"])} for line in lines] for lines in (row.sold, row.booked)
    )
    return Day([Sold(**line) for line in sold], [Booked(**line) for line in booked])


def today(now: datetime) -> Day:
    """What is settled of it is counted once; each look counts only what has come since."""
    begin, end = midnight(now.date()), midnight(now.date() + DAY)
    upto, known = cache.get(f"sold:{begin.date()}") or (begin, Day([], []))
    settled = now - SETTLED_AFTER
    if settled - upto > SETTLED_AFTER:
        upto, known = settled, together(known, counted(upto, settled))
        cache.set(f"sold:{begin.date()}", (upto, known), DAY.total_seconds())
    return together(known, counted(upto, end))


def together(one: Day, other: Day) -> Day:
    return Day(merged(Sold, [*one.sold, *other.sold]), merged(Booked, [*one.booked, *other.booked]))


def merged(kind: type[Line], lines: Iterable[Line]) -> list[Line]:
    """Lines whose words are the same become one; their numbers are added up."""
    sums: dict[tuple[Any, ...], list[Any]] = {}
    for line in lines:
        words = tuple(getattr(line, name) for name in kind.WORDS)
        numbers = [getattr(line, name) for name in kind.NUMBERS]
        sums[words] = [a + b for a, b in zip(sums[words], numbers, strict=True)] if words in sums else numbers
    return [kind(*words, *numbers) for words, numbers in sums.items()]


def counted(since: datetime, until: datetime) -> Day:
    window = {"since": since, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(SOLD_SQL, window)
        sold = [Sold(*row) for row in cursor.fetchall()]
        cursor.execute(BOOKED_SQL, window)
        return Day(sold, [Booked(*row) for row in cursor.fetchall()])


SOLD_SQL = """
SELECT model_id, provider, settlement, status, ending, count(*), sum(charged_cents)::bigint, sum(cost_usd)
FROM inference_completion WHERE created_at >= %(since)s AND created_at < %(until)s
GROUP BY 1, 2, 3, 4, 5"""

# A correction's details say what all of it has cost: what was booked with the charge it corrects is taken off.
BOOKED_SQL = """
SELECT coalesce(details ->> 'model', ''), coalesce(details ->> 'provider', ''),
       coalesce(-sum(amount_cents) FILTER (WHERE type = 'inference'), 0)::bigint,
       coalesce(sum(amount_cents) FILTER (WHERE type <> 'inference'), 0)::bigint,
       coalesce(sum(coalesce((details ->> 'cost_usd')::numeric, 0) - coalesce(
         (SELECT (was.details ->> 'cost_usd')::numeric FROM credits_credittransaction was
          WHERE was.reference = t.refers_to), 0)) FILTER (WHERE type = 'inference'), 0)
FROM credits_credittransaction t
WHERE type IN ('inference', 'refund', 'write_off') AND created_at >= %(since)s AND created_at < %(until)s
GROUP BY 1, 2"""
