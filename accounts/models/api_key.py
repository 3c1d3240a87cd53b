from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
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
        WEEK = "week", "per week"
        MONTH = "month", "per month"

    class Scope(models.TextChoices):
        INFERENCE = "inference", "inference only"
        ACCOUNT = "account", "inference and the account"

    PREFIX: ClassVar[str] = "cnwy_k_"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=100)
    digest = models.BinaryField(max_length=32, unique=True)
    previous_digest = models.BinaryField(max_length=32, unique=True, null=True, editable=False)
    previous_until = models.DateTimeField(null=True, blank=True, help_text="The secret before the last rotation works.")
    prefix = models.CharField(max_length=12, help_text="What may be shown of the key.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    last_used_address = models.GenericIPAddressField(null=True, blank=True, unpack_ipv4=True)
    last_used_agent = models.CharField(max_length=200, blank=True, default="", db_default="")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True, help_text="Refused until its owner lets it go on.")
    scope = models.CharField(
        max_length=9,
        choices=Scope.choices,
        default=Scope.ACCOUNT,
        db_default=Scope.ACCOUNT,
        help_text="A key for inference alone reads neither credits nor the account.",
    )
    allowed_addresses = ArrayField(
        models.CharField(max_length=43), null=True, blank=True, help_text="Networks it may be used from. Empty: all."
    )
    allowed_models = ArrayField(models.CharField(max_length=100), null=True, blank=True, help_text="Empty: all.")
    limit_cents = models.BigIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    limit_period = models.CharField(
        max_length=5, choices=Period.choices, null=True, blank=True, help_text="Empty: the limit holds in total."
    )
    requests_per_minute = models.IntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    concurrency = models.PositiveIntegerField(
        "requests at once", null=True, blank=True, validators=[MinValueValidator(1)]
    )
    usage_in_streams = models.BooleanField(
        "usage at the end of every stream",
        default=False,
        db_default=False,
        help_text="Of chat completions whose request does not say; the other formats always tell it.",
    )
    cache_marks = models.BooleanField(
        "cache marks for Claude",
        default=False,
        db_default=False,
        help_text="Set by us where a request has none. Claude charges more for what is written into its cache, and a "
        "tenth for what is read from it.",
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
                condition=Q(limit_period=None)
                | Q(limit_cents__isnull=False, limit_period__in=["day", "week", "month"]),
                name="period_belongs_to_a_limit",
            ),
            models.CheckConstraint(condition=Q(scope__in=["inference", "account"]), name="scope_is_known"),
            models.CheckConstraint(
                condition=Q(previous_digest=None, previous_until=None)
                | Q(previous_digest__isnull=False, previous_until__isnull=False),
                name="a_previous_secret_has_an_end",
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
        scope: str | None = None,
        allowed_addresses: Iterable[str] | None = None,
        usage_in_streams: bool = False,
        cache_marks: bool = False,
    ) -> tuple["ApiKey", str]:
        """The key and its secret, which is kept nowhere. Without a word on its scope, a key that may spend only so much
        may do nothing but spend it.
        """
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
            scope=scope or (cls.Scope.ACCOUNT if limit_cents is None else cls.Scope.INFERENCE),
            allowed_addresses=None if allowed_addresses is None else sorted(set(allowed_addresses)),
            usage_in_streams=usage_in_streams,
            cache_marks=cache_marks,
        )
        return key, secret

    def rotate(self, keep_old: timedelta) -> str:
        """The new secret. The old one works for `keep_old`; one from before that ends now."""
        secret = new_secret(self.PREFIX, random_bytes=24)
        keeps = keep_old > timedelta(0)
        changed = type(self).objects.filter(pk=self.pk, revoked_at=None)
        rotated = changed.update(
            previous_digest=F("digest") if keeps else None,
            previous_until=Now() + keep_old if keeps else None,
            digest=digest_of(secret),
            prefix=secret[: len(self.PREFIX) + 5],
        )
        if not rotated:
            raise type(self).DoesNotExist("A revoked key does not come back.")
        self.refresh_from_db()
        return secret

    def pause(self, is_paused: bool) -> None:
        paused_at = Coalesce("paused_at", Now()) if is_paused else None
        type(self).objects.filter(pk=self.pk).update(paused_at=paused_at)
        self.refresh_from_db(fields=["paused_at"])

    def revoke(self) -> None:
        type(self).objects.filter(pk=self.pk).update(revoked_at=Coalesce("revoked_at", Now()))
        self.refresh_from_db(fields=["revoked_at"])
