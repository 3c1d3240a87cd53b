from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models


class BrowserSession(AbstractBaseSession):
    """Django's session with whose it is, so that its owner can see and end it; accounts/sessions.py keeps it."""

    SEEN_EVERY: ClassVar[timedelta] = timedelta(minutes=5)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="sessions")
    began_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="To five minutes.")
    address = models.GenericIPAddressField(null=True, unpack_ipv4=True)
    agent = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta(AbstractBaseSession.Meta):
        verbose_name = "session"
        verbose_name_plural = "sessions"
        default_permissions = ()

    @classmethod
    def get_session_store_class(cls) -> Any:
        from accounts.sessions import SessionStore  # it needs this model

        return SessionStore
