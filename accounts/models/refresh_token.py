import uuid
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models.user import User
from accounts.secret_hashing import digest_of, new_secret


class RefreshToken(models.Model):
    """Works once and gives way to the next of its family. One revoked member makes the whole family dead."""

    LIFETIME: ClassVar[timedelta] = timedelta(days=30)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="refresh_tokens")
    digest = models.BinaryField(max_length=32, unique=True)
    family = models.UUIDField(default=uuid.uuid4, db_index=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"refresh token {self.pk}"

    @classmethod
    def issue(cls, user: User, family: uuid.UUID | None = None) -> str:
        # A revoked token speaks for its family as long as a descendant may live, which is one more lifetime.
        cls.objects.filter(user=user, expires_at__lt=Now() - cls.LIFETIME).delete()
        secret = new_secret("cnwy_r_", random_bytes=32)
        cls.objects.create(
            user=user,
            digest=digest_of(secret),
            family=family or uuid.uuid4(),
            expires_at=timezone.now() + cls.LIFETIME,
        )
        return secret

    @classmethod
    def rotate(cls, secret: str) -> tuple[User, str] | None:
        """The user and the next token; None when the token is not good. A used one also revokes its family."""
        tokens = cls.objects.filter(digest=digest_of(secret))
        with transaction.atomic():
            if tokens.filter(cls._is_good()).update(used_at=Now()):
                token = tokens.select_related("user").get()
                return token.user, cls.issue(token.user, token.family)
        if used := tokens.filter(used_at__isnull=False).first():
            cls.objects.filter(family=used.family, revoked_at=None).update(revoked_at=Now())
        return None

    @classmethod
    def _is_good(cls) -> models.Q:
        # Asked of the family, not of the token: one issued while its family is being revoked is missed by that UPDATE.
        revoked = cls.objects.filter(family=OuterRef("family"), revoked_at__isnull=False)
        active = User.objects.filter(pk=OuterRef("user_id"), is_active=True)
        return models.Q(~Exists(revoked), Exists(active), used_at=None, expires_at__gt=Now())
