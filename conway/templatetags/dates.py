"""The one way in which people read a date here: 2026-11-27, 2026-11-27 07:49 UTC, or with seconds."""

from datetime import UTC, date, datetime

from django import template

register = template.Library()


@register.filter
def day(when: date | datetime | None) -> str:
    return "" if when is None else f"{in_utc(when):%Y-%m-%d}"


@register.filter
def moment(when: datetime | None) -> str:
    return "" if when is None else f"{in_utc(when):%Y-%m-%d %H:%M} UTC"


@register.filter
def second(when: datetime | None) -> str:
    return "" if when is None else f"{in_utc(when):%Y-%m-%d %H:%M:%S} UTC"


def in_utc(when: date | datetime) -> date | datetime:
    return when.astimezone(UTC) if isinstance(when, datetime) else when
