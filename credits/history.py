"""An account's history as its readers ask for it: filtered, newest first, a page at a time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Model

from conway.common.clock import CLOCK_STEP, midnight
from credits.models import CreditTransaction, CreditTransactionQuerySet

GREATEST_ID = 2**63 - 1  # of a bigint: what asks for a later one asks for nothing


@dataclass(frozen=True)
class Filters:
    """Dates are days in UTC, both included. What is None, or no type at all, does not filter."""

    types: tuple[str, ...] = ()
    model: str | None = None
    key_id: int | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Page:
    """`next_cursor` leads to the page after this one, however much is booked meanwhile; None at the end."""

    entries: list[CreditTransaction]
    next_cursor: int | None


def entries(user_id: int, filters: Filters) -> CreditTransactionQuerySet:
    found = CreditTransaction.objects.for_user(user_id).newest_first()
    if filters.types:
        found = found.filter(type__in=filters.types)
    if filters.model is not None:
        found = found.served_by(filters.model)
    if filters.key_id is not None:
        found = found.filter(key=filters.key_id)
    if filters.since is not None:
        found = from_moment(found, user_id, midnight(filters.since))
    if filters.until is not None:
        found = before_moment(found, user_id, midnight(filters.until) + timedelta(days=1))
    return found


def page(found: CreditTransactionQuerySet, *, limit: int, offset: int = 0, cursor: int | None = None) -> Page:
    if cursor is not None:
        found = found.filter(id__lt=cursor)
    rows = list(found[offset : offset + limit + 1])
    return Page(rows[:limit], rows[limit - 1].pk if len(rows) > limit else None)


# PostgreSQL cannot know that ids and dates rise together, and would read a long history from its newest row to find an
# old month: each date becomes a bound on ids as well, found by one look into the index of dates.


def from_moment(found: CreditTransactionQuerySet, user_id: int, moment: datetime) -> CreditTransactionQuerySet:
    earlier = CreditTransaction.objects.for_user(user_id).filter(created_at__lt=moment - CLOCK_STEP)
    last = earlier.order_by("-created_at").values_list("id", flat=True).first()
    return (found if last is None else found.filter(id__gt=last)).filter(created_at__gte=moment)


def before_moment(found: CreditTransactionQuerySet, user_id: int, moment: datetime) -> CreditTransactionQuerySet:
    later = CreditTransaction.objects.for_user(user_id).filter(created_at__gte=moment + CLOCK_STEP)
    first = later.order_by("created_at").values_list("id", flat=True).first()
    return (found if first is None else found.filter(id__lt=first)).filter(created_at__lt=moment)


def first_id(model: type[Model], moment: datetime) -> int:
    """The id with which this moment begins, found in one statement by halving."""
    with connection.cursor() as cursor:
        cursor.execute(HALVING_SQL.format(table=model._meta.db_table), {"moment": moment})
        (found,) = cursor.fetchone()
        return int(found)


HALVING_SQL = """
WITH RECURSIVE step (low, high) AS (
  SELECT 0::bigint, coalesce(max(id) + 1, 0) FROM {table}
  UNION ALL
  SELECT CASE WHEN row.created_at < %(moment)s THEN row.id + 1 ELSE low END,
         CASE WHEN row.created_at < %(moment)s THEN high ELSE (low + high) / 2 END
  FROM step
  LEFT JOIN LATERAL (SELECT id, created_at FROM {table} WHERE id >= (low + high) / 2 ORDER BY id LIMIT 1) row ON true
  WHERE low < high
)
SELECT low FROM step WHERE low >= high"""
