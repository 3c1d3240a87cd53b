"""Who opens a WebSocket: the user of their session's cookie, as on a page.

Channels' own way knows no SECRET_KEY_FALLBACKS, and ends a session that it cannot read: the first socket that came back
after a rotation would sign its user out.
"""

from typing import Any

from asgiref.sync import sync_to_async
from channels.auth import AuthMiddleware
from channels.sessions import CookieMiddleware, SessionMiddleware
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase

from accounts.models import User
from conway.common.lending import lent


class SocketUser(AuthMiddleware):
    async def resolve_scope(self, scope: dict[str, Any]) -> None:
        scope["user"]._wrapped = await sync_to_async(lent_user_of)(scope["session"])


def lent_user_of(session: SessionBase) -> User | AnonymousUser:
    with lent():
        return user_of(session) or AnonymousUser()


def user_of(session: SessionBase) -> User | None:
    """Only reads: what it cannot accept it leaves as it is."""
    if session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    user = User.objects.filter(pk=session.get(SESSION_KEY, 0), is_active=True).first()
    return user if user and user.has_signed(session.get(HASH_SESSION_KEY, "")) else None


def with_users(application: Any) -> Any:
    return CookieMiddleware(SessionMiddleware(SocketUser(application)))
