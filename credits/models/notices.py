"""What people are told of their account, and where: by email, by webhook."""

from uuid import uuid4

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class NoticeSettings(models.Model):
    """Without a row the defaults hold. `told_low_at` is set when a low balance was told, and a top-up unsets it (a
    trigger): so each crossing is told once.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="notice_settings"
    )
    low_days = models.PositiveSmallIntegerField(
        "days left",
        default=3,
        db_default=3,
        validators=[MinValueValidator(1), MaxValueValidator(90)],
        help_text="You are told when your credit lasts for fewer days than this, at the rate of the last seven.",
    )
    by_email = models.BooleanField("tell me of a low balance by email", default=True, db_default=True)
    weekly = models.BooleanField("a summary of each week by email", default=False, db_default=False)
    told_low_at = models.DateTimeField(null=True, editable=False)
    weekly_sent_for = models.DateField(null=True, editable=False)  # the Monday of the week that was told last

    class Meta:
        default_permissions = ()
        indexes = [models.Index(F("weekly_sent_for"), name="wants_a_week", condition=Q(weekly=True))]

    def __str__(self) -> str:
        return f"notices of {self.user_id}"


class Webhook(models.Model):
    """An address of the customer's that is told what happens. What is sent to it is signed with `secret`."""

    class Event(models.TextChoices):
        LOW_BALANCE = "low_balance", "low balance"
        TOP_UP = "top_up", "top-up"
        REFUND = "refund", "refund"
        KEY_LIMIT = "key_limit_reached", "a key's limit is reached"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="webhooks")
    url = models.URLField("address", max_length=500)
    secret = models.CharField(max_length=80)
    events = ArrayField(models.CharField(max_length=20, choices=Event.choices))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event for one webhook. It is due at `next_at`; nothing more is tried where that is empty."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    event = models.CharField(max_length=20)
    about = models.CharField(max_length=200)  # what happened, once: a reference, a window of a key
    body = models.JSONField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_at = models.DateTimeField(null=True, db_default=Now())
    delivered_at = models.DateTimeField(null=True)
    last_said = models.CharField(max_length=200, blank=True, default="", db_default="")  # a status, or what went wrong

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["webhook", "event", "about"], name="an_event_is_told_once")]
        indexes = [
            models.Index(F("next_at"), name="deliveries_due", condition=Q(next_at__isnull=False)),
            models.Index(F("webhook"), F("created_at"), name="deliveries_of_a_webhook"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.about}"


class NoticeScan(models.Model):
    """Up to which transaction accounts were looked at. There is one."""

    position = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="there_is_one_scan")]

    def __str__(self) -> str:
        return f"looked at {self.position}"
