"""What an account spent, by day and model. Spent is what was charged, less what was written off or given back."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.core.cache import cache
from django.db import connection
from django.db.models import Sum
from django.db.models.fields.json import KT
from django.db.models.functions import TruncDate

from conway.common.clock import SETTLED_AFTER, midnight
from credits.models import CreditTransaction

DAYS = 30
RATE_DAYS = 7
SPENDING = [CreditTransaction.Type.INFERENCE, CreditTransaction.Type.WRITE_OFF, CreditTransaction.Type.REFUND]

Cents = dict[tuple[date, str], int]  # of a day and a model


@dataclass(frozen=True)
class Spend:
    """The last 30 days, today the last of them. Days are UTC, by the database's clock."""

    today: date
    cents: Cents

    @property
    def days(self) -> list[date]:
        return [self.today - timedelta(days=back) for back in reversed(range(DAYS))]

    def over(self, days: int) -> int:
        """Cents of the last so many days, today's among them."""
        since = self.today - timedelta(days=days - 1)
        return sum(cents for (day, _), cents in self.cents.items() if day >= since)

    def days_left(self, available_cents: int) -> int | None:
        """At the rate of the last seven days; None where nothing was spent."""
        spent = self.over(RATE_DAYS)
        return available_cents * RATE_DAYS // spent if spent > 0 else None

    def models(self) -> list[str]:
        """The dearest first."""
        totals: dict[str, int] = {}
        for (_, model), cents in self.cents.items():
            totals[model] = totals.get(model, 0) + cents
        return sorted(totals, key=lambda model: (-totals[model], model))


def spend(user_id: int) -> Spend:
    """Days that are over do not change, and are added up once a day: a busy account's page reads today's rows only."""
    now = database_now()
    today = now.date()
    name = f"spend:{user_id}:{today}"
    if (earlier := cache.get(name)) is None:
        earlier = added_up(user_id, today - timedelta(days=DAYS - 1), today)
        if now - midnight(today) > SETTLED_AFTER:
            cache.set(name, earlier, timeout=24 * 3600)
    return Spend(today, {**earlier, **added_up(user_id, today, None)})


def added_up(user_id: int, since: date, until: date | None) -> Cents:
    """`until` is not included."""
    rows = CreditTransaction.objects.for_user(user_id).filter(type__in=SPENDING, created_at__gte=midnight(since))
    if until is not None:
        rows = rows.filter(created_at__lt=midnight(until))
    sums = rows.values(day=TruncDate("created_at", tzinfo=UTC), model=KT("details__model")).annotate(
        cents=-Sum("amount_cents")
    )
    return {(row["day"], row["model"] or ""): int(row["cents"]) for row in sums.order_by()}


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
