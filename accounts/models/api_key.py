from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Length, Now
from django.db.models.lookups import Exact

from accounts.models.user import User
from accounts.secret_hashing import digest_of, new_secret


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def revoke(self) -> int:
        """How many were still good; those revoked before keep their date."""
        return self.filter(revoked_at=None).update(revoked_at=Now())


class ApiKey(models.Model):
    """A key is its digest; the secret is shown once. Limits are data here, their use is kept by credits."""

    class Period(models.TextChoices):
        DAY = "day", "per day"
        MONTH = "month", "per month"

    PREFIX: ClassVar[str] = "cnwy_k_"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=100)
    digest = models.BinaryField(max_length=32, unique=True)
    prefix = models.CharField(max_length=12, help_text="What may be shown of the key.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    allowed_models = ArrayField(models.CharField(max_length=100), null=True, blank=True, help_text="Empty: all.")
    limit_cents = models.BigIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    limit_period = models.CharField(
        max_length=5, choices=Period.choices, null=True, blank=True, help_text="Empty: the limit holds in total."
    )
    requests_per_minute = models.IntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    concurrency = models.PositiveIntegerField(
        "requests at once", null=True, blank=True, validators=[MinValueValidator(1)]
    )

    objects: ClassVar[models.Manager["ApiKey"]] = models.Manager.from_queryset(ApiKeyQuerySet)()

    class Meta:
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        default_permissions = ("view", "change")  # staff may revoke; keys are made by their owners and never deleted
        constraints = [
            models.CheckConstraint(condition=Exact(Length("digest"), 32), name="digest_is_sha256"),
            models.CheckConstraint(
                condition=Q(prefix__regex=r"^cnwy_k_[A-Za-z0-9_-]{5}$"), name="prefix_shows_5_characters"
            ),
            models.CheckConstraint(condition=Q(limit_cents=None) | Q(limit_cents__gt=0), name="limit_is_positive"),
            models.CheckConstraint(
                condition=Q(limit_period=None) | Q(limit_cents__isnull=False, limit_period__in=["day", "month"]),
                name="period_belongs_to_a_limit",
            ),
            models.CheckConstraint(
                condition=Q(requests_per_minute=None) | Q(requests_per_minute__gt=0), name="rate_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"

    @classmethod
    def issue(
        cls,
        *,
        user: User,
        name: str,
        expires_at: datetime | None = None,
        allowed_models: Iterable[str] | None = None,
        limit_cents: int | None = None,
        limit_period: str | None = None,
        requests_per_minute: int | None = None,
        concurrency: int | None = None,
    ) -> tuple["ApiKey", str]:
        """The key and its secret, which is kept nowhere."""
        secret = new_secret(cls.PREFIX, random_bytes=24)
        key = cls.objects.create(
            user=user,
            name=name,
            digest=digest_of(secret),
            prefix=secret[: len(cls.PREFIX) + 5],
            expires_at=expires_at,
            allowed_models=None if allowed_models is None else sorted(set(allowed_models)),
            limit_cents=limit_cents,
            limit_period=limit_period,
            requests_per_minute=requests_per_minute,
            concurrency=concurrency,
        )
        return key, secret

    def revoke(self) -> None:
        type(self).objects.filter(pk=self.pk).update(revoked_at=Coalesce("revoked_at", Now()))
        self.refresh_from_db(fields=["revoked_at"])
