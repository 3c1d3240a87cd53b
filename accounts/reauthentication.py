"""What a session has shown of its user, and when: for what should not be done by whoever finds an open browser.

`record` is called where a password was entered; a second factor will call it with its own name. Whoever moves money
asks `last` (or `is_recent`) for the moment of any of the methods it accepts.
"""

from datetime import UTC, datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone

PROOFS = "proofs"  # in the session: method -> seconds since 1970
PASSWORD = "password"
LINK = "link"  # a mailed or one-time link: shows that somebody reads the mailbox, or holds a token


def record(request: HttpRequest, method: str) -> None:
    proofs = request.session.get(PROOFS, {})
    request.session[PROOFS] = {**proofs, method: timezone.now().timestamp()}


def last(request: HttpRequest, *methods: str) -> datetime | None:
    """When the user last showed one of these in this session."""
    proofs = request.session.get(PROOFS, {})
    moments = [proofs[method] for method in methods if method in proofs]
    return datetime.fromtimestamp(max(moments), UTC) if moments else None


def is_recent(request: HttpRequest, *methods: str, within: timedelta = timedelta(minutes=15)) -> bool:
    moment = last(request, *methods)
    return moment is not None and timezone.now() - moment <= within
