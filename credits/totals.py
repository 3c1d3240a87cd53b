"""What filtered rows come to. Exact for as many rows as a page may wait for; beyond those only when asked for."""

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from credits.models import CreditTransactionQuerySet

ROWS_AT_MOST = 10_000  # some 20 ms


@dataclass(frozen=True)
class Totals:
    """`is_partial`: these are the newest `rows` of more."""

    rows: int
    added_cents: int
    spent_cents: int
    is_partial: bool

    @property
    def net_cents(self) -> int:
        return self.added_cents - self.spent_cents


def totals(found: CreditTransactionQuerySet, *, at_most: int | None = ROWS_AT_MOST) -> Totals:
    """None for `at_most` adds up all there are, which takes a second for every few hundred thousand rows."""
    if at_most is None:
        return summed(found)
    is_partial = found[at_most : at_most + 1].exists()
    return summed(found[:at_most], is_partial=is_partial)


def summed(found: CreditTransactionQuerySet, *, is_partial: bool = False) -> Totals:
    sums = found.aggregate(
        rows=Count("pk"),
        added=Sum("amount_cents", filter=Q(amount_cents__gt=0), default=0),
        spent=Sum("amount_cents", filter=Q(amount_cents__lt=0), default=0),
    )
    return Totals(sums["rows"], int(sums["added"]), -int(sums["spent"]), is_partial)
