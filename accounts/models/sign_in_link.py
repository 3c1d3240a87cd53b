from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models.user import User, is_in_force
from accounts.secret_hashing import digest_of, new_secret


class SignInLink(models.Model):
    """A way from the API into the pages: one address, one use."""

    LIFETIME: ClassVar[timedelta] = timedelta(minutes=5)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sign_in_links")
    digest = models.BinaryField(max_length=32, unique=True)
    valid_after = models.DateTimeField(null=True)  # the user's tokens_valid_after when it was issued
    proven_at = models.DateTimeField(null=True)  # when whoever had it made last signed in, by password or wallet
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"sign-in link {self.pk}"

    @classmethod
    def issue(cls, user: User, proven_at: datetime | None = None) -> tuple["SignInLink", str]:
        cls.objects.filter(user=user, expires_at__lte=Now()).delete()
        secret = new_secret("", random_bytes=32)
        link = cls.objects.create(
            user=user,
            digest=digest_of(secret),
            valid_after=user.tokens_valid_after,
            proven_at=proven_at,
            expires_at=timezone.now() + cls.LIFETIME,
        )
        return link, secret

    @classmethod
    def redeem(cls, secret: str) -> "SignInLink | None":
        """The link of this secret, used up by this call. One UPDATE: of two at once one comes too late."""
        link = cls.find(secret)
        return link if cls._good(secret).update(used_at=Now()) else None

    @classmethod
    def find(cls, secret: str) -> "SignInLink | None":
        return cls._good(secret).select_related("user").first()

    @classmethod
    def _good(cls, secret: str) -> models.QuerySet["SignInLink"]:
        # No join to the user: Django would update through a subquery, and two redeemers at once would both succeed.
        return cls.objects.filter(is_in_force(), digest=digest_of(secret), used_at=None, expires_at__gt=Now())
