"""Compares what is so now with the alerts that are open: what began is told once, what is over is closed.

One process of a machine looks twice a minute. Two machines may look at once: one row at a time of a subject is the
database's own rule, and who sets `told_at` is who tells.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max
from django.utils.timezone import now

from conway.alerts import looks, telling
from conway.alerts.looks import Finding
from conway.models import Alert

log = logging.getLogger(__name__)


def look() -> None:
    """One look that fails leaves its alerts as they are, and the others their turn."""
    for found in (looks.SHARED, looks.OWN):
        findings = []
        for each in found:
            try:
                findings += list(each())
            except Exception:
                log.exception("Alerts: %s failed", each.__name__)
                break
        else:
            keep(findings, machine=looks.machine() if found is looks.OWN else None)
    tell()


def keep(findings: Iterable[Finding], machine: str | None) -> None:
    current = {(each.kind, each.subject): each for each in findings}
    closed = closed_by_staff()
    with connection.cursor() as cursor:
        for name, each in current.items():
            if each.happened_at is None or name not in closed or each.happened_at > closed[name]:
                cursor.execute(BEGIN_SQL, [each.kind, each.subject, each.message])
    shared = Alert.objects.exclude(state=Alert.State.CLOSED).exclude(kind__in=looks.OWN_KINDS)
    own = Alert.objects.exclude(state=Alert.State.CLOSED).filter(kind__in=looks.OWN_KINDS, subject=machine)
    over = [alert.pk for alert in (shared if machine is None else own) if (alert.kind, alert.subject) not in current]
    Alert.objects.filter(pk__in=over).update(state=Alert.State.CLOSED, closed_at=now())


def closed_by_staff() -> dict[tuple[str, str], datetime]:
    """When last, of those that what still counts may have happened before."""
    since = now() - timedelta(hours=looks.LONGEST_HOURS + 1)
    rows = Alert.objects.filter(state=Alert.State.CLOSED, handled_by__isnull=False, closed_at__gte=since)
    return {(row[0], row[1]): row[2] for row in rows.values_list("kind", "subject").annotate(Max("closed_at"))}


def tell() -> None:
    """All that began in one mail: a provider that renames its models a hundred times sends no hundred mails."""
    untold = Alert.objects.filter(told_at=None, state=Alert.State.OPEN).order_by("pk")
    ours = [alert for alert in untold if Alert.objects.filter(pk=alert.pk, told_at=None).update(told_at=now())]
    for alert in ours:
        log.warning("Alert: %s", alert.message)
    if ours:
        telling.tell(ours)


BEGIN_SQL = """
INSERT INTO conway_alert (kind, subject, message, state) VALUES (%s, %s, %s, 'open')
ON CONFLICT (kind, subject) WHERE NOT (state = 'closed') DO UPDATE SET last_at = now(), message = excluded.message"""
