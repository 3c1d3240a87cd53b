"""A first proof (a password, a mailed or one-time link) leads to a session, or to the second factor before it.

Between the two the session is nobody's: it remembers for some minutes who is to show the second factor.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts import lockout, reauthentication, second_factor
from accounts.addresses import client_network
from accounts.models import User

WAITING = "waiting"  # in the session
PATIENCE = timedelta(minutes=10)


def enter(
    request: HttpRequest, user: User, backend: str, then: str = "", *, proven_at: datetime | None = None
) -> HttpResponse:
    """Every way into a browser's session ends here. A one-time link proves what its maker had proven, and as long ago;
    of who has a second factor that one counts.
    """
    then = then or str(settings.LOGIN_REDIRECT_URL)
    if not second_factor.is_set_up(user):
        begin_session(request, user, backend)
        if proven_at:
            reauthentication.record(request, reauthentication.LINK, proven_at)
        return redirect(then)
    request.session.flush()  # whoever was signed in here before is not who waits
    request.session[WAITING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "backend": backend,
        "then": then,
        "since": timezone.now().timestamp(),
    }
    return redirect("second-step")


def waiting(request: HttpRequest) -> User | None:
    """Who has shown a first proof lately, and whose password, email and links are still what they were."""
    pending = request.session.get(WAITING)
    if pending is None or timezone.now() - datetime.fromtimestamp(pending["since"], UTC) > PATIENCE:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    return user if user and user.has_signed(pending["hash"]) else None


def complete(request: HttpRequest, user: User) -> HttpResponse:
    """Signs in whoever has now shown the second factor, too."""
    pending = request.session.pop(WAITING)
    begin_session(request, user, pending["backend"])
    reauthentication.record(request, reauthentication.SECOND_FACTOR)
    return redirect(pending["then"])


def begin_session(request: HttpRequest, user: User, backend: str) -> None:
    user.backend = backend  # what is noted of a sign-in reads it
    login(request, user, backend=backend)
    lockout.remember(user, client_network(request))
