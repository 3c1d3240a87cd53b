import uuid
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, Min, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from accounts.addresses import Origin
from accounts.models.user import User, is_in_force
from accounts.secret_hashing import digest_of, new_secret


class RefreshToken(models.Model):
    """Works once and gives way to the next of its family. One revoked member makes the whole family dead."""

    LIFETIME: ClassVar[timedelta] = timedelta(days=30)

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="refresh_tokens")
    digest = models.BinaryField(max_length=32, unique=True)
    family = models.UUIDField(default=uuid.uuid4, db_index=True)
    valid_after = models.DateTimeField(null=True)  # the user's tokens_valid_after when it was issued
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    address = models.GenericIPAddressField(null=True, unpack_ipv4=True)
    agent = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta:
        # Asked with every access token: a family that was refreshed for a month has many members, and few are revoked.
        indexes = [
            models.Index(fields=["family"], name="revoked_families", condition=models.Q(revoked_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"refresh token {self.pk}"

    @classmethod
    def issue(cls, user: User, family: uuid.UUID | None = None, origin: Origin | None = None) -> str:
        return cls.issue_with_family(user, family, origin)[0]

    @classmethod
    def issue_with_family(
        cls, user: User, family: uuid.UUID | None = None, origin: Origin | None = None
    ) -> tuple[str, uuid.UUID]:
        # A revoked token speaks for its family as long as a descendant may live, which is one more lifetime.
        cls.objects.filter(user=user, expires_at__lt=Now() - cls.LIFETIME).delete()
        secret = new_secret("cnwy_r_", random_bytes=32)
        origin = origin or Origin()
        made = cls.objects.create(
            user=user,
            digest=digest_of(secret),
            family=family or uuid.uuid4(),
            valid_after=user.tokens_valid_after,
            expires_at=timezone.now() + cls.LIFETIME,
            address=origin.address or None,
            agent=origin.agent,
        )
        return secret, made.family

    @classmethod
    def rotate(cls, secret: str, origin: Origin | None = None) -> tuple[User, str, uuid.UUID] | None:
        """The user, the next token and their family; None when the token is not good. A used one also revokes its
        family.
        """
        tokens = cls.objects.filter(digest=digest_of(secret))
        with transaction.atomic():
            if tokens.filter(cls._is_good()).update(used_at=Now()):
                token = tokens.select_related("user").get()
                if token.user.tokens_valid_after != token.valid_after:  # it moved while we waited for the row
                    return None
                return token.user, *cls.issue_with_family(token.user, token.family, origin)
        if used := tokens.filter(used_at__isnull=False).first():
            cls.revoke_family(used.family)
        return None

    @classmethod
    def revoke_family(cls, family: uuid.UUID) -> None:
        cls.objects.filter(family=family, revoked_at=None).update(revoked_at=Now())

    @classmethod
    def living(cls, user: User) -> "models.QuerySet[RefreshToken]":
        """One of each family that may still be refreshed, the latest first, with when its sign-in was."""
        family = cls.objects.filter(family=OuterRef("family")).order_by().values("family")
        began = family.annotate(began=Min("created_at")).values("began")
        good = cls.objects.filter(cls._is_good(), user=user)
        return good.annotate(began_at=models.Subquery(began)).order_by("-created_at")

    @classmethod
    def _is_good(cls) -> models.Q:
        # Asked of the family, not of the token: one issued while its family is being revoked is missed by that UPDATE.
        revoked = cls.objects.filter(family=OuterRef("family"), revoked_at__isnull=False)
        return models.Q(~Exists(revoked), is_in_force(), used_at=None, expires_at__gt=Now())
