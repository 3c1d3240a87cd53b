"""What transactions come to, in the words that every page uses; no other module adds them up.

topped up    credit that was paid in
adjusted     what staff added otherwise, or took away
charged      completions, their corrections among them
given back   refunds and write-offs
spent        charged - given back
balance      topped up + adjusted - spent, of all there is

Days that are over do not change: each account's are summed up once and kept (DaySum), and a page adds today's rows to
them. So totals are exact on a history of any length. Days are UTC, by the database's clock.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import Error, connection, transaction
from django.db.models import Count, QuerySet, Sum

from conway.common.clock import EARLIEST, SETTLED_AFTER, midnight
from conway.common.database import is_against_all
from credits.history import Filters
from credits.models import CreditTransaction, SummedDays

Type = CreditTransaction.Type
SPENDING = (Type.INFERENCE, Type.WRITE_OFF, Type.REFUND)
GIVEN_BACK = (Type.WRITE_OFF, Type.REFUND)


Group = tuple[Any, ...]


@dataclass(frozen=True)
class Figures:
    """Sums in cents. Charged is positive; given back can be below zero where a correction took back a refund."""

    rows: int = 0
    topped_up: int = 0
    adjusted: int = 0
    charged: int = 0
    refunded: int = 0
    written_off: int = 0

    @classmethod
    def of(cls, sums: Mapping[str, int], rows: int) -> "Figures":
        """Makes the figures of the signed sum of each type."""
        return cls(
            rows,
            sums.get(Type.TOP_UP, 0),
            sums.get(Type.ADJUSTMENT, 0),
            -sums.get(Type.INFERENCE, 0),
            sums.get(Type.REFUND, 0),
            sums.get(Type.WRITE_OFF, 0),
        )

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(mine + more for mine, more in zip(astuple(self), astuple(other), strict=True)))

    @property
    def given_back(self) -> int:
        return self.refunded + self.written_off

    @property
    def spent(self) -> int:
        return self.charged - self.given_back

    @property
    def net(self) -> int:
        """The cents by which the balance rises."""
        return self.topped_up + self.adjusted - self.spent


BY = {
    "day": "day",
    "week": "day - (extract(isodow FROM day)::int - 1)",  # its Monday
    "month": "day - (extract(day FROM day)::int - 1)",
    "model": "model",
    "key": "key_id",
}


def figures(user_id: int, filters: Filters | None = None, *, by: Sequence[str] = ()) -> dict[Group, Figures]:
    """The figures of each group that has a transaction; `by` is of BY."""
    filters = filters or Filters()
    conditions, params = where(filters)
    groups = ", ".join([*(BY[name] for name in by), "type"])
    sql = SUMS_SQL.format(groups=groups, conditions=conditions)
    with connection.cursor() as cursor:
        cursor.execute(sql, {**params, "user": user_id, **bounds(filters, kept_until(user_id))})
        return gathered(cursor.fetchall())


def total(user_id: int, filters: Filters | None = None) -> Figures:
    return figures(user_id, filters).get((), Figures())


def of_rows(found: QuerySet[CreditTransaction]) -> Figures:
    """The figures of a few rows, or of rows whose sums nobody keeps."""
    rows = found.order_by().values_list("type").annotate(cents=Sum("amount_cents"), rows=Count("pk"))
    return gathered([(type, int(cents), number) for type, cents, number in rows]).get((), Figures())


def gathered(rows: Iterable[Group]) -> dict[Group, Figures]:
    """Gathers rows that end with type, cents, number."""
    sums: dict[Group, dict[str, int]] = defaultdict(dict)
    numbers: dict[Group, int] = defaultdict(int)
    for *group, type, cents, number in rows:
        sums[tuple(group)][type] = cents
        numbers[tuple(group)] += number
    return {group: Figures.of(found, numbers[group]) for group, found in sums.items()}


def where(filters: Filters) -> tuple[str, dict[str, Any]]:
    """What narrows both the kept days and the rows of today."""
    conditions = {
        "type = ANY(%(types)s)": ("types", list(filters.types) or None),
        "model = %(model)s": ("model", filters.model),
        "key_id = %(key)s": ("key", filters.key_id),
        "day >= %(since)s": ("since", filters.since),
        "day <= %(to)s": ("to", filters.until),
    }
    used = {condition: pair for condition, pair in conditions.items() if pair[1] is not None}
    return " AND ".join(["true", *used]), dict(used.values())


def bounds(filters: Filters, until: date) -> dict[str, Any]:
    """Bounds the rows beside the kept days by moments, for the index on their date."""
    begin = max(until, filters.since) if filters.since else until
    end = midnight(filters.until) + timedelta(days=1) if filters.until else None
    return {"until": until, "begin": midnight(begin), "end": end}


# Keeping days


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def kept_until(user_id: int) -> date:
    """The first day whose sums are not kept. Days that ended since the last look are summed up first."""
    over = (database_now() - SETTLED_AFTER).astimezone(UTC).date()
    known = SummedDays.objects.filter(pk=user_id).values_list("until", flat=True).first()
    if known is not None and known >= over:
        return known
    try:
        return sum_up(user_id, over)
    except Error as error:
        if is_against_all(error.__cause__ or error):  # it is read-only, say: then the rows are added up each time
            return known or EARLIEST
        raise


def sum_up(user_id: int, over: date) -> date:
    """Two who look at once take turns."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(BEGIN_DAYS_SQL, {"user": user_id, "earliest": EARLIEST})
        cursor.execute("SELECT until FROM credits_summeddays WHERE account_id = %s FOR UPDATE", [user_id])
        if (row := cursor.fetchone()) is None or row[0] >= over:  # none: an account without a transaction
            return row[0] if row else over
        cursor.execute(KEEP_DAYS_SQL, {"user": user_id, "begin": midnight(row[0]), "end": midnight(over)})
        cursor.execute("UPDATE credits_summeddays SET until = %s WHERE account_id = %s", [over, user_id])
        return over


BEGIN_DAYS_SQL = """
INSERT INTO credits_summeddays (account_id, until)
SELECT user_id, %(earliest)s FROM credits_creditaccount WHERE user_id = %(user)s
ON CONFLICT DO NOTHING"""

LINES = """
SELECT (created_at AT TIME ZONE 'UTC')::date AS day, type, coalesce(details ->> 'model', '') AS model, key_id,
       amount_cents AS cents, 1 AS rows
FROM credits_credittransaction
WHERE account_id = %(user)s AND created_at >= %(begin)s
  AND (%(end)s::timestamptz IS NULL OR created_at < %(end)s::timestamptz)"""

KEEP_DAYS_SQL = f"""
INSERT INTO credits_daysum (account_id, day, type, model, key_id, cents, rows)
SELECT %(user)s, day, type, model, key_id, sum(cents), sum(rows) FROM ({LINES}) line
GROUP BY day, type, model, key_id"""

SUMS_SQL = f"""
SELECT {{groups}}, sum(cents)::bigint, sum(rows)::bigint
FROM (SELECT day, type, model, key_id, cents, rows FROM credits_daysum WHERE account_id = %(user)s AND day < %(until)s
      UNION ALL {LINES}) line
WHERE {{conditions}}
GROUP BY {{groups}}"""
