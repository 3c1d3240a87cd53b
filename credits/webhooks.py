"""Webhooks: each event is a row from the moment it happens, delivered by a serving process until somebody answers 2xx.

Top-ups and refunds are written by a trigger with the transaction itself; the rest by credits.notices. A delivery that
is taken up is due again later at once, so a process that dies with it loses nothing; a receiver may get it twice, with
the same id.
"""

import hashlib
import hmac
import http.client
import json
import logging
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import User
from conway.common import outgoing
from conway.common.lending import give_back
from credits.models import Webhook, WebhookDelivery

MOST = 5  # of an account
AT_ONCE = 4
MINUTE = 60
BACKOFF = (10, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)  # then it is given up

log = logging.getLogger(__name__)


def add(user: User, url: str, events: list[str]) -> Webhook:
    return Webhook.objects.create(user=user, url=url, events=events, secret=f"cnwy_w_{secrets.token_urlsafe(32)}")


def tell(user_id: int, event: Webhook.Event, about: str, facts: dict[str, Any]) -> int:
    """A delivery for each webhook that wants this event, once whoever repeats it. How many there were."""
    wanted = Webhook.objects.filter(user=user_id, removed_at=None, events__contains=[event])
    rows = [WebhookDelivery(webhook=hook, event=event, about=about, body=facts, next_at=Now()) for hook in wanted]
    return len(WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True))


def send_again(delivery: WebhookDelivery) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk).update(attempts=0, next_at=Now(), delivered_at=None)


def deliver_due() -> int:
    """Those that are due now, a few at once; of one account one at a time. How many were tried."""
    due = claimed()
    if due:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
            list(pool.map(deliver, due))
    return len(due)


def claimed() -> list[WebhookDelivery]:
    """Due again after the next pause, should nobody come back to say how it went."""
    with transaction.atomic():
        due = WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",)).select_related("webhook")
        rows = list(due.filter(next_at__lte=Now()).order_by("next_at")[: AT_ONCE * 5])
        chosen = list({row.webhook.user_id: row for row in reversed(rows)}.values())[:AT_ONCE]
        for row in chosen:
            pause = timedelta(seconds=BACKOFF[min(row.attempts, len(BACKOFF) - 1)])
            WebhookDelivery.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1, next_at=Now() + pause)
            row.attempts += 1
    return chosen


def deliver(row: WebhookDelivery) -> None:
    try:
        if row.webhook.removed_at is not None:
            result, is_done = "the webhook was removed", False
        else:
            result, is_done = sent(row)
        changes: dict[str, Any] = {"last_said": result[:200]}
        if is_done:
            changes |= {"delivered_at": Now(), "next_at": None}
        elif row.attempts > len(BACKOFF) or row.webhook.removed_at is not None:
            changes |= {"next_at": None}
        WebhookDelivery.objects.filter(pk=row.pk).update(**changes)
    except Exception:
        log.exception("a webhook could not be delivered")
    finally:
        give_back()


def sent(row: WebhookDelivery) -> tuple[str, bool]:
    body = payload(row)
    headers = {
        "content-type": "application/json",
        "user-agent": "Conway-Webhooks",
        "x-conway-event": row.event,
        "x-conway-delivery": str(row.pk),
        "x-conway-signature": signature(row.webhook.secret, body, int(time.time())),
    }
    try:
        status = outgoing.post(row.webhook.url, body, headers)
    except outgoing.NotAllowed as error:
        return str(error), False
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"no answer: {type(error).__name__}", False
    return f"answered {status}", 200 <= status < 300


def payload(row: WebhookDelivery) -> bytes:
    body = {"id": str(row.pk), "event": row.event, "created_at": row.created_at.isoformat(), "data": row.body}
    return json.dumps(body, separators=(",", ":")).encode()


def signature(secret: str, body: bytes, moment: int) -> str:
    """The signature that receivers check: HMAC-SHA256 of the moment, a dot and the body."""
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"
