import secrets
from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class Nonce(models.Model):
    """A row is a nonce that may still be used: using it deletes it."""

    LIFETIME: ClassVar[timedelta] = timedelta(minutes=5)
    SWEEP: ClassVar[int] = 100

    value = models.CharField(max_length=64, primary_key=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.value

    @classmethod
    def issue(cls) -> str:
        cls.sweep()
        return cls.objects.create(value=secrets.token_hex(16), expires_at=timezone.now() + cls.LIFETIME).value

    @classmethod
    def redeem(cls, value: str) -> bool:
        """Whether it was good. One DELETE: of two callers at once the second waits for the first's commit and loses."""
        deleted, _ = cls.objects.filter(value=value, expires_at__gt=Now()).delete()
        return deleted == 1

    @classmethod
    def sweep(cls) -> None:
        """Each new nonce removes some dead ones, so that strangers cannot fill the table."""
        dead = cls.objects.filter(expires_at__lte=Now()).select_for_update(skip_locked=True)
        cls.objects.filter(pk__in=dead.values("pk")[: cls.SWEEP]).delete()
