"""Moments and days: by the database's clock, in UTC."""

from datetime import UTC, date, datetime, time, timedelta

from django.db import models

# Ids and dates of rows rise together, but for a clock that was set back, or a statement that took so long.
CLOCK_STEP = timedelta(minutes=1)
# A day is over for good when the last statement begun in it has ended, too (conway.common.database.STATEMENT_SECONDS).
SETTLED_AFTER = timedelta(minutes=1)
BETWEEN_MACHINES = timedelta(seconds=30)  # what the clocks of two machines may differ by
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 30)


class Clock(models.Func):
    """The moment itself; now() is when the transaction began, and puts rows of one account out of order."""

    template = "clock_timestamp()"
    output_field = models.DateTimeField()


def midnight(day: date) -> datetime:
    """When a day begins. Days that no row can have are drawn to those that one could."""
    return datetime.combine(min(max(day, EARLIEST), LATEST), time(), UTC)
