"""What an account spent in some days, by model or key: charged less given back, as credits.figures says it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.models import ApiKey
from credits.figures import database_now, figures
from credits.history import Filters

DAYS = 30
RATE_DAYS = 7
DAY = timedelta(days=1)
STEPS = ("day", "week", "month")
WHATS = ("model", "key")
NAMELESS = {"model": "no model", "key": "no key: the playground and signed-in apps"}


@dataclass(frozen=True)
class Slot:
    """A day, a week from Monday or a month, as far as it lies within what was asked for. Both ends are included."""

    start: date
    end: date


@dataclass(frozen=True)
class Spend:
    """Days are UTC, by the database's clock; `until` is included. `cents` is by a slot's start and by what it was for,
    as it is named in addresses: a model, or a key's number; empty for none."""

    today: date
    since: date
    until: date
    cents: dict[tuple[date, str], int]
    step: str = "day"
    what: str = "model"

    @property
    def slots(self) -> list[Slot]:
        return list(slots(self.since, self.until, self.step))

    @property
    def total(self) -> int:
        return sum(self.cents.values())

    def over(self, days: int) -> int:
        """Cents of the last `days` days, today's among them, of a spend by day."""
        since = self.today - (days - 1) * DAY
        return sum(cents for (day, _), cents in self.cents.items() if since <= day <= self.today)

    def days_left(self, available_cents: int) -> int | None:
        """Days that the credit lasts at the rate of the last seven; None where nothing was spent."""
        spent = self.over(RATE_DAYS)
        return available_cents * RATE_DAYS // spent if spent > 0 else None

    def sums(self) -> dict[str, int]:
        """Cents by model or key, the dearest first."""
        found: dict[str, int] = {}
        for (_, name), cents in self.cents.items():
            found[name] = found.get(name, 0) + cents
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def spend(
    user_id: int,
    since: date | None = None,
    until: date | None = None,
    *,
    step: str = "day",
    what: str = "model",
    today: date | None = None,
) -> Spend:
    """The last 30 days, unless others are asked for. `today` is by the database's clock, if somebody asked it."""
    today = today or database_now().date()
    until = until or today
    since = since or until - (DAYS - 1) * DAY
    found = figures(user_id, Filters(since=since, until=until), by=(step, what))
    cents = {
        (max(start, since), "" if name is None else str(name)): sums.spent
        for (start, name), sums in found.items()
        if sums.spent
    }
    return Spend(today, since, until, cents, step, what)


def by_day(user_id: int, since: date, today: date) -> Spend:
    """Whatever it was for."""
    found = figures(user_id, Filters(since=since, until=today), by=("day",))
    return Spend(today, since, today, {(day, ""): sums.spent for (day,), sums in found.items()})


def slots(since: date, until: date, step: str) -> Iterator[Slot]:
    start = since
    while start <= until:
        end = min(last_of(start, step), until)
        yield Slot(start, end)
        start = end + DAY


def last_of(day: date, step: str) -> date:
    """The last day of the week or month that this day lies in."""
    if step == "week":
        return day + (7 - day.isoweekday()) * DAY
    return (day.replace(day=28) + 4 * DAY).replace(day=1) - DAY if step == "month" else day


def titles(found: Spend) -> dict[str, str]:
    """How people know what it was for."""
    names = found.sums()
    if found.what == "model":
        return {name: name or NAMELESS["model"] for name in names}
    known = {str(key.pk): str(key) for key in ApiKey.objects.filter(pk__in=[name for name in names if name])}
    return {name: known.get(name, NAMELESS["key"]) for name in names}


@dataclass(frozen=True)
class Month:
    """The present one: spent so far, and what it comes to if it goes on as in the last seven days."""

    spent: int
    forecast: int


def this_month(user_id: int, today: date, known: Spend | None = None) -> Month:
    """`known` is what was asked for anyway: where it has these days, today's rows are not read once more."""
    first, last = today.replace(day=1), last_of(today, "month")
    since = min(first, today - (RATE_DAYS - 1) * DAY)
    has_these = known is not None and known.step == "day" and known.since <= since and known.until >= today
    found = known if known and has_these else by_day(user_id, since, today)
    spent = found.over((today - first).days + 1)
    return Month(spent, spent + max(0, found.over(RATE_DAYS)) * (last - today).days // RATE_DAYS)
