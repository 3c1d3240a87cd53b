"""A month of one account, for whoever does its books. Months are UTC.

Opening and closing are the balances that the ledger wrote with its transactions; what lies between them are the
transactions with an id between theirs. So opening + moves = closing however a clock was set meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet, Sum
from django.db.models.fields.json import KT

from accounts.models import ApiKey
from conway.common.clock import midnight
from credits.figures import Figures, database_now, figures, gathered
from credits.history import Filters
from credits.models import CreditTransaction
from credits.spend import DAY, NAMELESS, last_of

MOST_ENTRIES = 500  # of one page; the CSV has all
NO_CHARGES = [type for type in CreditTransaction.Type.values if type != CreditTransaction.Type.INFERENCE]


class Border(NamedTuple):
    """The border of a month: the last transaction before it begins, or ends."""

    id: int
    balance: int


@dataclass(frozen=True)
class Line:
    """A month among others."""

    month: date
    opening: int
    figures: Figures
    is_over: bool

    @property
    def closing(self) -> int:
        return self.opening + self.figures.net


@dataclass(frozen=True)
class Statement:
    user_id: int
    month: date
    opening: Border
    closing: Border
    figures: Figures
    by_model: list[tuple[str, Figures]]
    by_key: list[tuple[str, Figures]]
    is_over: bool

    @property
    def number(self) -> str:
        return f"{self.month:%Y-%m}-{self.user_id:06}"

    @property
    def last_day(self) -> date:
        return last_of(self.month, "month")

    def entries(self, number: int, after: int = 0) -> list[CreditTransaction]:
        """Whatever is no charge, oldest first: each stands for itself. Types are asked for one by one, each at its
        place in an index: together they would be looked for among the charges of the month.
        """
        rest = moves(self.user_id, self.opening, self.closing).filter(id__gt=after).order_by("id")
        found = [entry for type in NO_CHARGES for entry in rest.filter(type=type)[:number]]
        return sorted(found, key=attrgetter("pk"))[:number]


def months(user_id: int) -> list[Line]:
    """The newest first, from the first transaction on; months without one are there, too."""
    found = {month: sums for (month,), sums in figures(user_id, by=("month",)).items()}
    this_month = database_now().date().replace(day=1)
    lines: list[Line] = []
    balance = 0
    for month in every_month(min(found, default=this_month), max(this_month, max(found, default=this_month))):
        line = Line(month, balance, found.get(month, Figures()), month < this_month)
        lines.append(line)
        balance = line.closing
    return lines[::-1] if found else []


def every_month(first: date, last: date) -> Iterator[date]:
    month = first
    while month <= last:
        yield month
        month = last_of(month, "month") + DAY


def statement(user_id: int, month: date) -> Statement | None:
    """None where the account had no transaction by the end of the month, and for months to come."""
    now, end = database_now(), last_of(month, "month") + DAY
    opening, closing = border(user_id, midnight(month)), border(user_id, midnight(end))
    if closing.id == 0 or midnight(month) > now:
        return None
    found = moved(user_id, month, opening, closing)
    by_model, by_key = grouped(found, 0), grouped(found, 1)
    names = {key.pk: str(key) for key in ApiKey.objects.filter(pk__in=[key for key in by_key if key])}
    return Statement(
        user_id,
        month,
        opening,
        closing,
        sum(found.values(), Figures()),
        dearest({model or NAMELESS["model"]: sums for model, sums in by_model.items()}),
        dearest({names.get(key, NAMELESS["key"]): sums for key, sums in by_key.items()}),
        midnight(end) <= now,
    )


def border(user_id: int, moment: datetime) -> Border:
    before = CreditTransaction.objects.for_user(user_id).filter(created_at__lt=moment).order_by("-created_at", "-id")
    return Border(*(before.values_list("id", "balance_after_cents").first() or (0, 0)))


def moves(user_id: int, opening: Border, closing: Border) -> QuerySet[CreditTransaction]:
    return CreditTransaction.objects.for_user(user_id).filter(id__gt=opening.id, id__lte=closing.id)


def moved(user_id: int, month: date, opening: Border, closing: Border) -> dict[tuple[str, int | None], Figures]:
    """Figures by model and key. Kept days are as good as the rows unless a clock was set back over the month's end."""
    found = figures(user_id, Filters(since=month, until=last_of(month, "month")), by=("model", "key"))
    if opening.balance + sum(found.values(), Figures()).net == closing.balance:
        return found
    rows = moves(user_id, opening, closing).order_by()
    sums = rows.values_list(KT("details__model"), "key_id", "type").annotate(
        cents=Sum("amount_cents"), rows=Count("pk")
    )
    return gathered([(model or "", key, type, int(cents), number) for model, key, type, cents, number in sums])


def grouped(found: dict[tuple[str, int | None], Figures], place: int) -> dict[Any, Figures]:
    sums: dict[Any, Figures] = {}
    for group, figures_ in found.items():
        if figures_.charged or figures_.given_back:
            sums[group[place]] = sums.get(group[place], Figures()) + figures_
    return sums


def dearest(found: dict[str, Figures]) -> list[tuple[str, Figures]]:
    return sorted(found.items(), key=lambda item: (-item[1].spent, item[0]))
