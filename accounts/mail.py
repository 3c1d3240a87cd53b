"""Every mail of ours goes through `send`. Links in mails sign people in, so they are for mailboxes and not for logs."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.template import loader

CONSOLE = "django.core.mail.backends.console.EmailBackend"

log = logging.getLogger(__name__)


class Nowhere(BaseEmailBackend):
    """Stands in where no mail host is set: logs that a mail was not sent, and nothing of it."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        log.error("%s mails were not sent: no EMAIL_HOST is set", len(messages))
        return 0


def is_written_to_log() -> bool:
    """A console is a log to whoever runs a service; in the sandbox it is the mailbox."""
    return settings.EMAIL_DELIVERED_BY == CONSOLE and not settings.CONWAY_SANDBOX


def send(to: str, name: str, context: Mapping[str, Any]) -> None:
    """From `accounts/<name>_subject.txt` and `accounts/<name>_email.txt`. A mail that fails is logged, and the answer
    stays the same: it would tell who is a customer.
    """
    subject = "".join(loader.render_to_string(f"accounts/{name}_subject.txt", dict(context)).splitlines())
    body = loader.render_to_string(f"accounts/{name}_email.txt", dict(context))
    if is_written_to_log():
        log.error("A mail was not sent: with EMAIL_BACKEND=console its link would stand in the log")
        return
    try:
        EmailMessage(subject, body, to=[to]).send()
    except Exception:
        log.exception("A mail could not be sent")


def tell_of_new_email(before: str, user: Any, *, by_staff: bool) -> None:
    """Mails the address that was theirs, once committed: who was robbed of an account hears of it there."""
    context = {"before": before, "user": user, "by_staff": by_staff}
    transaction.on_commit(partial(send, before, "email_changed", context), robust=True)
