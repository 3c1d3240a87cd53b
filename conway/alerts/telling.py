"""Alerts go by mail to CONWAY_ALERT_EMAILS, and as JSON to CONWAY_ALERT_WEBHOOK; the outbox's threads send them."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import httpx2 as httpx
from django.conf import settings
from django.core.mail import EmailMessage

from conway.common import outbox
from conway.models import Alert

WEBHOOK_SECONDS = 10
MOST_LINES = 20
LONGEST_HEADLINE = 150

log = logging.getLogger(__name__)


def tell(alerts: Sequence[Alert]) -> None:
    lines = [alert.message for alert in alerts[:MOST_LINES]]
    if len(alerts) > MOST_LINES:
        lines.append(f"And {len(alerts) - MOST_LINES} more.")
    if settings.CONWAY_ALERT_EMAILS:
        page = f"{settings.CONWAY_URL}/admin/conway/alert/" if settings.CONWAY_URL else "the admin, under Alerts"
        body = "\n\n".join([*lines, f"Each alert is sent once. Open alerts: {page}"])
        EmailMessage(f"Conway: {headline(alerts)}", body, to=list(settings.CONWAY_ALERT_EMAILS)).send()
    if settings.CONWAY_ALERT_WEBHOOK:
        payload = {
            "text": "\n".join(f"Conway: {line}" for line in lines),  # what chat services show
            "alerts": [{"kind": alert.kind, "subject": alert.subject} for alert in alerts[:MOST_LINES]],
        }
        outbox.post(partial(call, settings.CONWAY_ALERT_WEBHOOK, payload))


def headline(alerts: Sequence[Alert]) -> str:
    """On one line: a subject may hold what a provider said."""
    return " ".join(str(alerts[0]).split())[:LONGEST_HEADLINE] if len(alerts) == 1 else f"{len(alerts)} alerts"


def call(url: str, payload: dict[str, Any]) -> None:
    """Its address may hold a secret: an error names only what went wrong."""
    try:
        answer = httpx.post(url, json=payload, timeout=WEBHOOK_SECONDS)
    except httpx.HTTPError as error:
        log.error("The webhook for alerts was not reached: %s", type(error).__name__)
        return
    if answer.status_code >= 300:
        log.error("The webhook for alerts answered %s", answer.status_code)
