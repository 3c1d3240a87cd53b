"""Browser sessions in the database, as Django keeps them, with their user, moment, address and browser beside them.

`SessionStore` has Django's name on purpose: the name salts the signature, and older sessions must stay readable.
"""

from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from accounts import reauthentication
from accounts.addresses import origin
from accounts.models import BrowserSession, User

MOST_LISTED = 100
PASSWORD_BACKEND = "accounts.backends.PasswordBackend"
BEGAN = "began"  # in the session: {"at": an ISO moment, "address": ..., "agent": ...}


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[BrowserSession]:
        return BrowserSession

    def create_model_instance(self, data: dict[str, Any]) -> BrowserSession:
        began = data.get(BEGAN) or {}
        now = timezone.now()
        return BrowserSession(
            session_key=self._get_or_create_session_key(),  # type: ignore[attr-defined]  # Django's, untyped
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=data.get(SESSION_KEY),
            began_at=datetime.fromisoformat(began["at"]) if began else None,
            seen_at=now,
            address=began.get("address") or None,
            agent=began.get("agent", ""),
        )

    def load(self) -> dict[str, Any]:
        now = timezone.now()
        found = BrowserSession.objects.filter(pk=self.session_key, expire_date__gt=now).select_related("user").first()
        if found is not None and has_ended(found, now):
            found.delete()
            found = None
        if found is None:
            self._session_key = None
            return {}
        data = self.decode(found.session_data)
        if found.seen_at is None or now - found.seen_at > BrowserSession.SEEN_EVERY:
            seen = BrowserSession.objects.filter(pk=found.pk)
            seen.update(seen_at=now, user_id=data.get(SESSION_KEY))  # who is missing in what the release before made
        return data

    async def aload(self) -> dict[str, Any]:
        return await sync_to_async(self.load)()


def has_ended(row: BrowserSession, now: datetime) -> bool:
    """A session of staff ends when nobody has used it for an hour, and after a day. A customer's goes on."""
    if row.user is None or not row.user.is_staff:
        return False
    idle, longest = settings.CONWAY_STAFF_IDLE_MINUTES, settings.CONWAY_STAFF_SESSION_HOURS
    return is_older(row.seen_at, now - timedelta(minutes=idle)) or is_older(
        row.began_at, now - timedelta(hours=longest)
    )


def is_older(moment: datetime | None, than: datetime) -> bool:
    return moment is None or moment < than


@receiver(user_logged_in)
def note_where(sender: object, request: HttpRequest, user: User, **kwargs: Any) -> None:
    came = origin(request)
    began = {"at": timezone.now().isoformat(), "address": came.address, "agent": came.agent}
    request.session[BEGAN] = began
    if getattr(user, "backend", "") == PASSWORD_BACKEND:
        reauthentication.record(request, reauthentication.PASSWORD)


def of(user: User) -> list[BrowserSession]:
    """Those that sign the user in at this moment, the latest first."""
    now = timezone.now()
    rows = BrowserSession.objects.filter(user=user, expire_date__gt=now).select_related("user").order_by("-seen_at")
    good = (row for row in rows[:MOST_LISTED] if user.has_signed(row.get_decoded().get(HASH_SESSION_KEY, "")))
    return [row for row in good if not has_ended(row, now)]
