"""What a session has shown of its user, and when: for what should not be done by whoever finds an open browser.

`record` is called where a password was entered; a second factor will call it with its own name. `last` and `is_recent`
tell the moment of any of the methods that are accepted; whoever moves money asks `is_confirmed`.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpRequest
from django.utils import timezone

from accounts import lockout
from accounts.models import User

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
    return moment is not None and timedelta(0) <= timezone.now() - moment < within


def is_password_recent(request: HttpRequest) -> bool:
    return is_recent(request, PASSWORD, within=timedelta(minutes=settings.CONWAY_STAFF_PASSWORD_MINUTES))


def is_confirmed(request: HttpRequest) -> bool:
    """It was entered lately, or is the `password` sent with this request. Raises TooMany."""
    return is_password_recent(request) or enters_password(request, request.POST.get("password", ""))


def enters_password(request: HttpRequest, password: str) -> bool:
    user = request.user
    if not password or not isinstance(user, User) or not lockout.is_password_of(user, password):
        return False
    # A hash that was renewed by the way would sign its owner out. The session's key stays, for a second click with it.
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    record(request, PASSWORD)
    return True
