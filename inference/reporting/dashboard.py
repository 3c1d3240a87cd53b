"""What staff look at first: do the books balance, does anything hang, what went wrong today, what was earned."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Sum

from conway.common.clock import midnight
from credits.models import AuditRun, CreditAccount, CreditTransaction
from inference.billing import spool
from inference.catalog.snapshot import MISSING_FOR
from inference.models import CatalogCheck, ChatModel, Completion
from inference.reporting.daily_sales import DailySales, figures

AUDITED_EVERY = timedelta(hours=26)  # once a day, and two hours for the audit itself
LONG_OPEN = timedelta(minutes=10)
LATELY = timedelta(days=2)  # and today
ALERTS_SHOWN = 10
RETIRES_SOON = timedelta(days=30)


@dataclass(frozen=True)
class Holds:
    number: int
    cents: int
    oldest: datetime | None
    long_open: int


@dataclass(frozen=True)
class Spooled:
    """Settlements that wait on this machine's disk for the database."""

    files: int
    settlements: int


class Dashboard:
    """Each is asked for when it is shown, by an index or of a small table."""

    @cached_property
    def now(self) -> datetime:
        now: datetime = first_row("SELECT clock_timestamp()")[0]
        return now

    @cached_property
    def audit(self) -> AuditRun | None:
        return AuditRun.objects.order_by("id").last()

    @property
    def audit_is_late(self) -> bool:
        return self.audit is None or self.now - self.audit.finished_at > AUDITED_EVERY

    @cached_property
    def holds(self) -> Holds:
        return Holds(*first_row(HOLDS_SQL, {"long_ago": self.now - LONG_OPEN}))

    @cached_property
    def spooled(self) -> Spooled:
        waiting = [len(spool.read(path)) for path in spooled_files()]
        return Spooled(sum(number > 0 for number in waiting), sum(waiting))

    @cached_property
    def figures(self) -> DailySales:
        return figures(self.now)

    @cached_property
    def written_off_today(self) -> int:
        """Cents. By the newest write-offs, which are few, and not by all that was booked today."""
        today = CreditTransaction.objects.filter(type="write_off", created_at__gte=midnight(self.now.date()))
        cents: int = today.aggregate(cents=Sum("amount_cents", default=0))["cents"]
        return cents

    @cached_property
    def stopped(self) -> int:
        """Accounts that may ask for nothing more, for what was written off."""
        return CreditAccount.objects.filter(written_off_cents__gt=settings.CONWAY_MOST_WRITE_OFF_CENTS).count()

    @property
    def alerts_since(self) -> date:
        return self.now.date() - LATELY

    @cached_property
    def retiring(self) -> list[ChatModel]:
        """Models that end within thirty days, or have ended, and are not answered by a successor yet."""
        soon = self.now.date() + RETIRES_SOON
        ending = ChatModel.objects.filter(is_on=True, retires_on__lte=soon)
        return list(ending.exclude(successor_from__lte=self.now.date()).order_by("retires_on", "name"))

    @cached_property
    def missing(self) -> list[ChatModel]:
        """Models that their providers denied of late."""
        return list(ChatModel.objects.filter(is_on=True, missing_since__gte=self.now - MISSING_FOR).order_by("name"))

    @cached_property
    def catalog_check(self) -> CatalogCheck | None:
        return CatalogCheck.objects.order_by("id").last()

    @cached_property
    def alerts(self) -> list[Completion]:
        lately = Completion.objects.filter(created_at__gte=midnight(self.alerts_since)).exclude(alerts=[])
        return list(lately.select_related("user").order_by("-created_at")[:ALERTS_SHOWN])


def spooled_files() -> list[Path]:
    folder = settings.CONWAY_DATA_DIR / "spool"
    return sorted(folder.glob("*.jsonl"))


def first_row(sql: str, params: dict[str, Any] | None = None) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row: tuple[Any, ...] = cursor.fetchone()
        return row


HOLDS_SQL = """
SELECT count(*), coalesce(sum(cents), 0)::bigint, min(admitted_at), count(*) FILTER (WHERE admitted_at < %(long_ago)s)
FROM credits_hold"""
