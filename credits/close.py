"""A month is closed for all accounts: what was owed to customers before and after it, and what lies between (UTC)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import User
from conway.common.clock import CLOCK_STEP, SETTLED_AFTER, midnight
from conway.common.keyset_pagination import in_time
from credits.figures import Figures, database_now
from credits.history import first_id
from credits.models import CreditTransaction, MonthClose, MonthDraft
from credits.spend import DAY, last_of

Type = CreditTransaction.Type
ACCOUNTS_AT_ONCE = 2_000


class NotYet(Exception):
    """The month cannot be closed; says why."""


@dataclass(frozen=True)
class Line:
    """What completions of a model earned."""

    model: str
    provider: str
    charged_cents: int
    given_back_cents: int
    cost_usd: Decimal

    @property
    def income_usd(self) -> Decimal:
        return Decimal(self.charged_cents - self.given_back_cents) / 100 - self.cost_usd

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Line":
        return cls(**{**stored, "cost_usd": Decimal(stored["cost_usd"])})

    def written(self) -> dict[str, Any]:
        return {**vars(self), "cost_usd": str(self.cost_usd)}


@dataclass(frozen=True)
class Month:
    """`opening` and `closing` are read from balances, `figures` from transactions: neither is made from the other."""

    month: date
    accounts: int
    opening: int
    closing: int
    figures: Figures
    lines: list[Line]

    @property
    def balances(self) -> bool:
        return self.opening + self.figures.net == self.closing

    @property
    def cost_usd(self) -> Decimal:
        return sum((line.cost_usd for line in self.lines), Decimal(0))

    @property
    def income_usd(self) -> Decimal:
        return sum((line.income_usd for line in self.lines), Decimal(0))


def end_of(month: date) -> datetime:
    return midnight(last_of(month, "month") + DAY)


def next_to_close() -> date | None:
    """The month after the last one that is closed, or the first that has a transaction; None if there is none."""
    if (last := MonthClose.objects.order_by("-month").first()) is not None:
        return last_of(last.month, "month") + DAY
    first = CreditTransaction.objects.order_by("id").values_list("created_at", flat=True).first()
    return None if first is None else first.date().replace(day=1)


def month_of_all(month: date) -> Month:
    """Reads a month's transactions, and one of each account: some seconds on a large database."""
    window = {"begin": midnight(month), "end": end_of(month)}
    with connection.cursor() as cursor:
        cursor.execute(OWED_SQL, {"moment": window["begin"]})
        opening, _ = cursor.fetchone()
        cursor.execute(OWED_SQL, {"moment": window["end"]})
        closing, accounts = cursor.fetchone()
        cursor.execute(MOVED_SQL, window)
        rows = cursor.fetchall()
    return Month(month, accounts, int(opening), int(closing), figures_of(rows), lines_of(rows))


def seen(month: date) -> Month | None:
    """What staff look at before they close it; None where adding it up would keep the page waiting, until `look` has
    done it for them. Closing adds it up again.
    """
    if (kept := MonthDraft.objects.filter(pk=month).first()) is not None:
        return read(kept)
    found: Month | None = in_time(lambda: month_of_all(month))
    return found


def look() -> int:
    """Adds up the next month to close, once it is over and all that began in it is booked."""
    month = next_to_close()
    if month is None or database_now() <= end_of(month) + SETTLED_AFTER or MonthDraft.objects.filter(pk=month).exists():
        return 0
    try:
        check(month)
    except NotYet:
        return 0
    found = month_of_all(month)
    facts = {**vars(found), "month": month.isoformat(), "figures": vars(found.figures)}
    MonthDraft.objects.bulk_create(
        [MonthDraft(month=month, facts={**facts, "lines": [line.written() for line in found.lines]})],
        ignore_conflicts=True,
    )
    return 1


def read(draft: MonthDraft) -> Month:
    facts = draft.facts
    lines = [Line.read(line) for line in facts["lines"]]
    return Month(**{**facts, "month": draft.month, "figures": Figures(**facts["figures"]), "lines": lines})


def figures_of(rows: list[tuple[Any, ...]]) -> Figures:
    sums: dict[str, int] = {}
    for type, _, _, cents, _, _ in rows:
        sums[type] = sums.get(type, 0) + cents
    return Figures.of(sums, sum(row[4] for row in rows))


def lines_of(rows: list[tuple[Any, ...]]) -> list[Line]:
    found: dict[tuple[str, str], list[Any]] = {}
    for type, model, provider, cents, _, cost in rows:
        if type in (Type.INFERENCE, Type.REFUND, Type.WRITE_OFF):
            line = found.setdefault((model, provider), [0, 0, Decimal(0)])
            line[type != Type.INFERENCE] += -cents if type == Type.INFERENCE else cents
            line[2] += cost
    lines = [Line(*names, *sums) for names, sums in found.items()]
    return sorted(lines, key=lambda line: (-line.charged_cents, line.model))


def check(month: date) -> None:
    """Raises `NotYet`."""
    if month != next_to_close():
        raise NotYet("Months are closed one after the other.")
    if database_now() <= end_of(month):
        raise NotYet(f"{month:%Y-%m} is not over.")
    with connection.cursor() as cursor:
        cursor.execute(UNDER_WAY_SQL, {"end": end_of(month)})
        if cursor.fetchone()[0]:
            raise NotYet("Something that began in this month is still being booked. Try again in a minute.")


def close(month: date, *, by: User) -> MonthClose:
    """Raises `NotYet`."""
    with transaction.atomic():
        check(month)
        found = month_of_all(month)
        if not found.balances:
            raise NotYet("The moves do not lead from the opening to the closing balances: run audit_ledger first.")
        sums = found.figures
        return MonthClose.objects.create(
            month=month,
            accounts=found.accounts,
            opening_cents=found.opening,
            topped_up_cents=sums.topped_up,
            adjusted_cents=sums.adjusted,
            charged_cents=sums.charged,
            refunded_cents=sums.refunded,
            written_off_cents=sums.written_off,
            closing_cents=found.closing,
            cost_usd=found.cost_usd,
            lines=[line.written() for line in found.lines],
            closed_by=by,
        )


def closed(record: MonthClose) -> Month:
    """The month as it was when it was closed."""
    sums = Figures(
        0,
        record.topped_up_cents,
        record.adjusted_cents,
        record.charged_cents,
        record.refunded_cents,
        record.written_off_cents,
    )
    lines = [Line.read(line) for line in record.lines]
    return Month(record.month, record.accounts, record.opening_cents, record.closing_cents, sums, lines)


def cash_in(month: date) -> QuerySet[CreditTransaction]:
    """Top-ups, oldest first, each with the payment it answers. By id, and so by the index of their type, they are read
    from the month's beginning on.
    """
    since, until = midnight(month), end_of(month)
    found = CreditTransaction.objects.filter(type=Type.TOP_UP, created_at__gte=since, created_at__lt=until)
    found = found.filter(id__gte=first_id(CreditTransaction, since - CLOCK_STEP))
    return found.select_related("account__user", "made_by").order_by("id")


def balances(month: date, after: int) -> tuple[list[tuple[int, int, int]], int | None]:
    """User, opening and closing cents, of accounts that had a transaction by the month's end; and where to go on."""
    with connection.cursor() as cursor:
        window = {"begin": midnight(month), "end": end_of(month)}
        cursor.execute(BALANCES_SQL, {**window, "after": after, "limit": ACCOUNTS_AT_ONCE})
        rows = cursor.fetchall()
    return [row[:3] for row in rows if row[3]], rows[-1][0] if len(rows) == ACCOUNTS_AT_ONCE else None


LAST = """
LATERAL (SELECT balance_after_cents FROM credits_credittransaction t
         WHERE t.account_id = a.user_id AND t.created_at < %({moment})s ORDER BY created_at DESC, id DESC LIMIT 1)"""

OWED_SQL = f"""
SELECT coalesce(sum(balance_after_cents), 0)::bigint, count(*)
FROM credits_creditaccount a CROSS JOIN {LAST.format(moment="moment")} last"""

BALANCES_SQL = f"""
SELECT a.user_id, coalesce(opening.balance_after_cents, 0), coalesce(closing.balance_after_cents, 0),
       closing.balance_after_cents IS NOT NULL
FROM (SELECT user_id FROM credits_creditaccount WHERE user_id > %(after)s ORDER BY user_id LIMIT %(limit)s) a
LEFT JOIN {LAST.format(moment="begin")} opening ON true LEFT JOIN {LAST.format(moment="end")} closing ON true
ORDER BY a.user_id"""

# A correction's details say what all of it has cost: what was booked with the charge it corrects is taken off.
MOVED_SQL = """
SELECT type, coalesce(details ->> 'model', ''), coalesce(details ->> 'provider', ''),
       sum(amount_cents)::bigint, count(*),
       coalesce(sum(coalesce((details ->> 'cost_usd')::numeric, 0) - coalesce(
         (SELECT (was.details ->> 'cost_usd')::numeric FROM credits_credittransaction was
          WHERE was.reference = t.refers_to), 0)) FILTER (WHERE type = 'inference'), 0)
FROM credits_credittransaction t WHERE created_at >= %(begin)s AND created_at < %(end)s
GROUP BY 1, 2, 3"""

# Who has written something (has an id of a transaction) and began before: its rows may carry a time of the month.
UNDER_WAY_SQL = """
SELECT EXISTS (SELECT FROM pg_stat_activity
               WHERE datname = current_database() AND backend_xid IS NOT NULL AND xact_start < %(end)s
                 AND pid <> pg_backend_pid())"""
