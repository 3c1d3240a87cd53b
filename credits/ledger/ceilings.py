"""How much one member of staff may book without a second one: at once, and in a day (UTC) altogether.

What takes credit away counts like what gives it. What a second person approved is beyond the ceilings and does not
count; what commands book (`made_by` is empty) is the operator's own. The person's row is locked before it is added up,
so two windows of one person cannot pass the day's ceiling together.
"""

from typing import NamedTuple

from django.conf import settings
from django.db.models import Sum
from django.db.models.functions import Abs, Now, TruncDay

from accounts.models import User
from credits.ledger.amounts import UnableToPost, dollars
from credits.models import CreditTransaction, StaffCeiling


class Ceiling(NamedTuple):
    booking_cents: int
    day_cents: int


class AboveCeiling(UnableToPost):
    """Carries the entry that a second person may book."""

    def __init__(self, message: str, entry: CreditTransaction) -> None:
        super().__init__(message)
        self.entry = entry


def ceiling_of(user: User) -> Ceiling:
    own = StaffCeiling.objects.filter(pk=user.pk).first()
    if own is not None:
        return Ceiling(own.booking_cents, own.day_cents)
    return Ceiling(settings.CONWAY_STAFF_BOOKING_CENTS, settings.CONWAY_STAFF_DAY_CENTS)


def booked_alone_today(user: User) -> int:
    alone = CreditTransaction.objects.filter(made_by=user, approved_by=None, created_at__gte=TruncDay(Now()))
    return alone.aggregate(cents=Sum(Abs("amount_cents")))["cents"] or 0


def is_alone(entry: CreditTransaction) -> bool:
    return entry.made_by_id is not None and entry.approved_by_id is None


def lock(entry: CreditTransaction) -> None:
    """Locks the person, before the account: nobody who holds an account then waits for a person."""
    if entry.made_by is not None and is_alone(entry):
        User.objects.select_for_update(no_key=True).get(pk=entry.made_by.pk)


def check(entry: CreditTransaction) -> None:
    """Under the lock."""
    if entry.made_by is not None and is_alone(entry) and (excess := beyond(entry.made_by, entry.amount_cents)):
        raise AboveCeiling(excess, entry)


def beyond(user: User, cents: int) -> str:
    """Why this needs a second person; empty if it does not."""
    ceiling = ceiling_of(user)
    if abs(cents) > ceiling.booking_cents:
        return f"One person books at most {dollars(ceiling.booking_cents)} at once."
    if (today := booked_alone_today(user)) + abs(cents) > ceiling.day_cents:
        return f"One person books at most {dollars(ceiling.day_cents)} a day; it is {dollars(today)} today already."
    return ""
