"""What keys with a limit have spent and hold in their present day, week, month or lifetime; and what any key has
spent in the last 30 days.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    DateTimeField,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest

from accounts.models import ApiKey
from conway.common.clock import Clock, midnight
from credits.figures import database_now, figures
from credits.history import Filters
from credits.models import KeyUse
from credits.spend import DAY, DAYS, last_of


class PeriodOf(Func):
    """The beginning of the day, week (Monday) or month of a moment, UTC."""

    template = "date_trunc(%(expressions)s, 'UTC')"
    output_field = DateTimeField()


def with_use(keys: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
    """Adds `spent_cents`, `held_cents` and `left_cents`; all None where a key has no limit. An old window counts
    nothing.
    """
    left = Greatest(Value(0), F("limit_cents") - F("spent_cents") - F("held_cents"))
    used = {column: Coalesce(present_use(column), 0) for column in ("spent_cents", "held_cents")}
    return keys.annotate(**limited(used)).annotate(**limited({"left_cents": left}))


def limited(amounts: Mapping[str, Func]) -> dict[str, Case]:
    cents = BigIntegerField()
    return {
        name: Case(When(limit_cents__isnull=False, then=amount), default=None, output_field=cents)
        for name, amount in amounts.items()
    }


def present_use(column: str) -> Subquery:
    """A column of the key's use, where its window has not ended."""
    began, now = (PeriodOf("key__limit_period", moment) for moment in (F("window_start"), Clock()))
    uses = KeyUse.objects.filter(key=OuterRef("pk")).alias(began=began)
    return Subquery(uses.filter(Q(key__limit_period=None) | Q(began=now)).values(column))


def add_meter(key: Any, now: datetime) -> None:
    """Adds where the bar of its limit turns yellow and red, and when its window ends."""
    if key.limit_cents is not None:
        key.eighty_percent, key.last_cent = key.limit_cents * 4 // 5, key.limit_cents - 1
        key.resets_at = window_end(key.limit_period, now)


def window_end(period: str | None, now: datetime) -> datetime | None:
    """When the present day, week (from Monday) or month ends, UTC; None for a limit in total."""
    return midnight(last_of(now.date(), period) + DAY) if period else None


def month_spend(user_id: int) -> dict[int, int]:
    """Cents of the present month by key, with a limit or without."""
    since = database_now().date().replace(day=1)
    return {key: sums.spent for (key,), sums in figures(user_id, Filters(since=since), by=("key",)).items() if key}


def recent_spend(user_id: int) -> dict[int, int]:
    """Cents of the last 30 days by key, with a limit or without."""
    since = database_now().date() - timedelta(days=DAYS - 1)
    return {key: sums.spent for (key,), sums in figures(user_id, Filters(since=since), by=("key",)).items() if key}
