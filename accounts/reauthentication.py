"""What a session has shown of its user, and when: for what should not be done by whoever finds an open browser.

`record` is called where a proof was given. `last` and `is_recent` tell the moment of any of the methods that are
accepted; whoever moves money asks `is_confirmed`.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpRequest
from django.utils import timezone

from accounts import lockout, second_factor
from accounts.models import User
from conway.common.clock import BETWEEN_MACHINES

PROOFS = "proofs"  # in the session: method -> seconds since 1970
PASSWORD = "password"
SECOND_FACTOR = "second factor"
LINK = "link"  # a one-time link: its maker had signed in, by wallet or password, at the moment that is recorded


def record(request: HttpRequest, method: str, at: datetime | None = None) -> None:
    proofs = request.session.get(PROOFS, {})
    request.session[PROOFS] = {**proofs, method: (at or timezone.now()).timestamp()}


def last(request: HttpRequest, *methods: str) -> datetime | None:
    """When the user last showed one of these in this session."""
    proofs = request.session.get(PROOFS, {})
    moments = [proofs[method] for method in methods if method in proofs]
    return datetime.fromtimestamp(max(moments), UTC) if moments else None


def is_recent(request: HttpRequest, *methods: str) -> bool:
    return is_fresh(last(request, *methods))


def is_fresh(moment: datetime | None) -> bool:
    """Another machine, whose clock may be ahead, may have noted it."""
    within = timedelta(minutes=settings.CONWAY_STAFF_PASSWORD_MINUTES)
    return moment is not None and -BETWEEN_MACHINES <= timezone.now() - moment < within


def is_recently_confirmed(request: HttpRequest) -> bool:
    return is_recent(request, PASSWORD, SECOND_FACTOR)


def is_confirmed(request: HttpRequest) -> bool:
    """A proof was given lately, or comes with this request: `password`, `code` or `passkey`. Raises TooMany."""
    return is_recently_confirmed(request) or confirms(request)


def confirms(request: HttpRequest) -> bool:
    return enters_password(request, request.POST.get("password", "")) or shows_second_factor(request)


def was_tried(request: HttpRequest) -> bool:
    return any(request.POST.get(name) for name in ("password", "code", "passkey"))


def enters_password(request: HttpRequest, password: str) -> bool:
    user = request.user
    if not password or not isinstance(user, User) or not lockout.is_password_of(user, password):
        return False
    # A hash that was renewed by the way would sign its owner out. The session's key stays, for a second click with it.
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    record(request, PASSWORD)
    return True


def shows_second_factor(request: HttpRequest) -> bool:
    user = request.user
    if not isinstance(user, User) or not second_factor.is_shown(request, user):
        return False
    record(request, SECOND_FACTOR)
    return True


def is_second_factor_missing(request: HttpRequest) -> bool:
    """In the staff admin, which asks for one where the settings say so; it holds as long as the session."""
    return settings.CONWAY_STAFF_SECOND_FACTOR and last(request, SECOND_FACTOR) is None


def may_add_way_in(request: HttpRequest, user: User) -> bool:
    """A password, a key, a second factor: for whoever has lately shown their second factor or, without one, the best
    they have. Nobody adds one in a browser that they found open.
    """
    if second_factor.is_set_up(user):
        return is_recent(request, SECOND_FACTOR)
    return is_recent(request, PASSWORD if user.has_usable_password() else LINK)
