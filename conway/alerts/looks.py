"""What is so now. Each look finds the subjects of its kinds; what it no longer finds is over."""

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.template.defaultfilters import pluralize
from django.utils.timezone import now

from conway.monitoring import spool_size_and_age
from credits.models import AuditRun, CreditAccount, CreditTransaction
from inference.billing import spool as settlement_spool
from inference.catalog.snapshot import MISSING_FOR
from inference.models import ChatModel

AUDIT_HOURS = 26  # once a day, and two hours for it to take
BACKUP_HOURS = 26
SPOOL_SECONDS = 120
RETIREMENT_DAYS = 30
LONGEST_HOURS = 24  # that something which happened is told of
MOST = 100  # subjects of a look

# What is said of completions' own alerts (docs/operations.md), and for how many hours after the last one.
OF_COMPLETIONS = {
    "provider": (1, "A provider refuses us, or its quota is used up: {subject}. Its models answer 503."),
    "unpriced": (24, "Tokens of a kind without a price: {subject}. Add a price that names it."),
    "served": (
        24,
        "Another model answered than was asked for: {subject}. Name it as the successor where it is in the catalogue;"
        " else add it, and rebill what it answered.",
    ),
    "no_usage": (24, "A whole answer came without a usage: {subject}. It was charged by our own count."),
    "doubtful_usage": (24, "A provider's usage could not be true: {subject}. It was charged by our own count."),
    "charge_above_hold": (24, "A charge was above its hold: {subject}. Raise the model's bound if it goes on."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`happened_at`: of something that happened, not of something that is so. Closed by staff, it needs a newer one."""

    kind: str
    subject: str
    message: str
    happened_at: datetime | None = None


Look = Callable[[], Iterator[Finding]]


def books() -> Iterator[Finding]:
    newest = AuditRun.objects.order_by("-id").first()
    if newest is not None and newest.faults:
        faults = f"{newest.faults} fault{pluralize(newest.faults)}"
        yield Finding("books_off", "", f"The last audit found {faults}. Stop top-ups and refunds.")
    since = now() - timedelta(hours=AUDIT_HOURS)
    is_late = newest is not None and newest.finished_at < since
    if is_late or (newest is None and CreditTransaction.objects.filter(created_at__lt=since).exists()):
        yield Finding("audit_overdue", "", f"No audit for {AUDIT_HOURS} hours: run manage.py audit_ledger.")


def write_offs() -> Iterator[Finding]:
    stopped = CreditAccount.objects.filter(written_off_cents__gt=settings.CONWAY_MOST_WRITE_OFF_CENTS)
    for account in stopped.order_by("-written_off_cents")[:MOST]:
        cents = account.written_off_cents
        yield Finding("account_stopped", str(account.pk), f"{cents} cents of account {account.pk} were written off.")


def completions() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(RECENT_SQL, [MOST])
        found = cursor.fetchall()
    for kind, subject, happened_at in found:
        hours, sentence = OF_COMPLETIONS.get(kind, (24, "{subject}"))
        if happened_at > now() - timedelta(hours=hours):
            yield Finding(kind, subject, sentence.format(subject=subject), happened_at)


def retirements() -> Iterator[Finding]:
    """Models that retire soon, or are over, and that no successor answers for yet."""
    last = now().date() + timedelta(days=RETIREMENT_DAYS)
    ending = ChatModel.objects.filter(is_on=True, retires_on__lte=last)
    for model in ending.exclude(successor_from__lte=now().date()):
        yield Finding("retirement", model.name, f"{model.name} ends on {model.retires_on}.")


def missing_models() -> Iterator[Finding]:
    """What a provider says that it has no more; over when it answers again, or was not asked for a while."""
    missing = ChatModel.objects.filter(is_on=True, missing_since__gte=now() - MISSING_FOR)
    for model in missing.order_by("name")[:MOST]:
        use = f"Callers are told of {model.successor}." if model.successor else "Name its successor, or switch it off."
        yield Finding("missing", model.name, f"The provider has no model {model.upstream_id} ({model.name}). {use}")


def backups() -> Iterator[Finding]:
    """Backups that are overdue, where a folder for them is set: deploy/backup.sh makes one in it each time."""
    if not settings.CONWAY_BACKUP_DIR:
        return
    made = [path.stat().st_mtime for path in Path(settings.CONWAY_BACKUP_DIR).glob("*/backup_manifest")]
    if not made or time.time() - max(made) > BACKUP_HOURS * 3600:
        yield Finding("backup_overdue", machine(), f"There is no backup of the last {BACKUP_HOURS} hours.")


def disk() -> Iterator[Finding]:
    size, age = spool_size_and_age()
    if size and age > SPOOL_SECONDS:
        yield Finding(
            "settlements_wait", machine(), f"Settlements have waited on {machine()} for {age / 60:.0f} minutes."
        )
    try:
        settlement_spool.try_folder(settings.CONWAY_DATA_DIR / "spool")
    except OSError as error:
        text = f"Settlements cannot be kept on {machine()}'s disk ({error.strerror}): they are in memory only."
        yield Finding("spool_unwritable", machine(), text)


def machine() -> str:
    return socket.gethostname()


# Of the whole installation, and of this machine: what one does not find on its disk may be on another's.
SHARED: tuple[Look, ...] = (books, write_offs, completions, retirements, missing_models)
OWN: tuple[Look, ...] = (backups, disk)
OWN_KINDS = ("backup_overdue", "settlements_wait", "spool_unwritable")


RECENT_SQL = """
SELECT split_part(alert, ':', 1),
       concat_ws(' ', CASE WHEN alert LIKE 'provider:%%' THEN provider ELSE model_id END,
                 nullif(substr(alert, strpos(alert, ':') + 1), alert)),
       max(created_at)
FROM inference_completion, jsonb_array_elements_text(alerts) alert
WHERE alerts <> '[]' AND alert <> 'provider:model_not_found' AND created_at > clock_timestamp() - interval '24 hours'
GROUP BY 1, 2 ORDER BY 3 DESC LIMIT %s"""
