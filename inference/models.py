"""The catalogue and the completions.

ChatModel    a model we offer: its public name, where it goes, what it takes
Price        what a model costs from a date on; never changed, so that every old charge can be recomputed
Completion   one request that was admitted: who, what was used, at which price, how it was settled. No prompt, no reply.
CatalogCheck where the catalogue disagreed with public price lists
RefusedHour  how often a caller we know was refused in an hour
SoldDay      what completions of a day that is over come to, for the staff admin; reporting/daily_sales.py counts it
"""

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from conway.common.clock import Clock
from inference.chat.usage import BUCKETS


class ChatModel(models.Model):
    name = models.CharField(max_length=100, primary_key=True)
    display_name = models.CharField(max_length=100)
    provider = models.CharField(max_length=20)
    dialect = models.CharField(max_length=30, blank=True, help_text="Empty: the provider's own.")
    upstream_id = models.CharField(max_length=200, help_text="What the provider calls it.")
    is_on = models.BooleanField("on", default=True)
    successor = models.CharField(
        max_length=100, blank=True, help_text="Named to callers when the provider no longer has the model."
    )
    retires_on = models.DateField(null=True, blank=True, help_text="The day the provider ends it. Customers see it.")
    successor_from = models.DateField(
        "successor answers from",
        null=True,
        blank=True,
        help_text="From this day on the successor answers under this name, at its own price, unless that is higher and "
        "the caller has not agreed to it. Empty: requests go to the provider as long as it takes them.",
    )
    missing_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the provider last said that it has no such model."
    )
    retirement = models.TextField("note on its end", blank=True, help_text="For staff; customers do not see it.")
    summary = models.TextField(
        blank=True, db_default="", help_text="Two sentences for customers: what it is, and what it is good for."
    )
    traits = models.JSONField(default=dict, help_text="What the model takes and refuses (chat/traits.py).")
    # Tokens per hundred o200k tokens: for the bound of an admission, and for an estimated bill. Staff change them.
    bound_percent = models.PositiveIntegerField(default=150)
    estimate_percent = models.PositiveIntegerField(default=100)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "model"
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(bound_percent__gte=100, estimate_percent__gte=50), name="a_bound_is_not_below_the_count"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """USD per million tokens, as decimal strings: `sheet` is read by pricing.PriceSheet. Rows are immutable; one that
    has not started, nor is about to, may be taken back (a trigger says so).
    """

    APPLICATION_MAY = ("SELECT", "INSERT", "DELETE")

    model = models.ForeignKey(ChatModel, on_delete=models.PROTECT, related_name="prices")
    starts_at = models.DateTimeField()
    sheet = models.JSONField()
    source = models.CharField(max_length=300, blank=True)
    checked_on = models.DateField(null=True, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        ordering = ["model", "-starts_at"]
        constraints = [models.UniqueConstraint(fields=["model", "starts_at"], name="one_price_starts_at_a_time")]

    def __str__(self) -> str:
        return f"{self.model_id} from {self.starts_at:%Y-%m-%d %H:%M} UTC"


class Settlement(models.TextChoices):
    EXACT = "exact"
    ESTIMATED = "estimated"
    NONE = "none"
    LOST = "lost"


ANSWERED = ("complete", "client_left")  # how a request ends that nobody failed
FAILED = ~Q(ending__in=ANSWERED)
BELOW_COST = Q(charged_cents__lt=F("cost_usd") * 100)


class Completion(models.Model):
    """One row per settled request; while it runs, its hold is all there is. Written by billing's one statement only."""

    APPLICATION_MAY = ("SELECT", "INSERT", "UPDATE")  # by trigger, of what is not settled

    id = models.CharField(max_length=60, primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="completions"
    )
    key = models.ForeignKey("accounts.ApiKey", null=True, on_delete=models.PROTECT, db_index=False, related_name="+")
    request_id = models.CharField(max_length=60, blank=True)
    model = models.ForeignKey(
        ChatModel, on_delete=models.PROTECT, db_index=False, related_name="+", help_text="The model that served."
    )
    # Null and not empty: settlements that older processes wrote to their spools have no such field.
    asked_model = models.CharField(
        max_length=100, null=True, blank=True, help_text="The name that was asked for, where a successor answered."
    )
    provider = models.CharField(max_length=20)
    served_model = models.CharField(max_length=200, blank=True, help_text="What the provider says it served.")
    upstream_id = models.CharField(max_length=200, blank=True)
    price = models.ForeignKey(Price, on_delete=models.PROTECT, db_index=False, related_name="+")
    is_stream = models.BooleanField()

    input_tokens = models.BigIntegerField(default=0)
    cached_tokens = models.BigIntegerField(default=0)
    cached_explicit_tokens = models.BigIntegerField(default=0, db_default=0)
    write_5m_tokens = models.BigIntegerField(default=0)
    write_1h_tokens = models.BigIntegerField(default=0)
    audio_in_tokens = models.BigIntegerField(default=0)
    audio_cached_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    reasoning_tokens = models.BigIntegerField(null=True)

    cost_usd = models.DecimalField(max_digits=30, decimal_places=15)
    charged_cents = models.BigIntegerField()
    settlement = models.CharField(max_length=10, choices=Settlement.choices)
    ending = models.CharField(max_length=40, help_text="complete, client_left, stopped, or the code of the failure.")
    status = models.PositiveSmallIntegerField(help_text="The HTTP status of the answer.")
    finish_reason = models.CharField(max_length=40, blank=True)
    alerts = models.JSONField(default=list)
    raw_usage = models.JSONField(null=True, help_text="The provider's own usage object.")
    seen = models.JSONField(default=dict, help_text="What we saw of the reply: bytes and tokens counted.")

    admitted_at = models.DateTimeField()
    first_byte_ms = models.PositiveIntegerField(null=True)
    total_ms = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(charged_cents__gte=0, cost_usd__gte=0), name="a_charge_is_never_negative"
            ),
            models.CheckConstraint(
                condition=Q(**{f"{bucket}_tokens__gte": 0 for bucket in BUCKETS}), name="a_bucket_is_never_negative"
            ),
            models.CheckConstraint(
                condition=~Q(settlement="none") | Q(charged_cents=0), name="what_was_not_served_is_not_charged"
            ),
        ]
        indexes = [
            models.Index(F("user"), F("created_at"), name="completions_of_a_user"),
            models.Index(F("created_at"), name="completions_by_date"),
            models.Index(F("model"), F("created_at"), name="completions_by_model"),
            models.Index(F("provider"), F("created_at"), name="completions_by_provider"),
            models.Index(
                F("settlement"), F("created_at"), name="unusual_settlements", condition=~Q(settlement="exact")
            ),
            models.Index(
                F("settlement"),
                F("model"),
                F("created_at"),
                name="unusual_of_a_model",
                condition=~Q(settlement="exact"),
            ),
            BrinIndex(fields=["admitted_at"], name="completions_by_admission"),
            models.Index(F("status"), F("created_at"), name="failed_completions", condition=~Q(status=200)),
            models.Index(F("created_at"), name="completions_with_alerts", condition=~Q(alerts=[])),
            models.Index(F("ending"), F("created_at"), name="completions_by_failure", condition=FAILED),
            # Requests of a user that gave no answer, and the id of a request that somebody reports.
            models.Index(F("user"), F("created_at"), name="failures_of_a_user", condition=~Q(status=200)),
            models.Index(F("request_id"), name="completions_by_request"),
            # The staff admin's filters (admin/filters.py) begin at these.
            models.Index(F("created_at"), name="dear_completions", condition=Q(charged_cents__gte=100)),
            models.Index(F("created_at"), name="long_completions", condition=Q(output_tokens__gte=10_000)),
            models.Index(F("created_at"), name="late_completions", condition=Q(first_byte_ms__gte=10_000)),
            models.Index(F("created_at"), name="slow_completions", condition=Q(total_ms__gte=120_000)),
            models.Index(F("created_at"), name="completions_below_cost", condition=BELOW_COST),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def buckets(self) -> dict[str, int]:
        return {bucket: tokens for bucket in BUCKETS if (tokens := getattr(self, f"{bucket}_tokens"))}

    @property
    def prompt_tokens(self) -> int:
        return sum(tokens for bucket, tokens in self.buckets.items() if bucket != "output")

    @classmethod
    def bucket_columns(cls) -> list[str]:
        return [f"{bucket}_tokens" for bucket in BUCKETS]


class CatalogCheck(models.Model):
    """Where the catalogue and public price lists disagreed when `check_catalog` last looked."""

    APPLICATION_MAY = ("SELECT", "INSERT")

    checked_at = models.DateTimeField(db_default=Clock(), editable=False)
    sources = models.JSONField()
    disagreements = models.JSONField(help_text="model, what, ours, theirs, source")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.checked_at:%Y-%m-%d %H:%M} UTC"


class RefusedHour(models.Model):
    """How often a caller we know was refused in an hour, and by which code: such requests leave nothing else."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+")
    key = models.ForeignKey("accounts.ApiKey", null=True, on_delete=models.PROTECT, db_index=False, related_name="+")
    hour = models.DateTimeField()
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=60)
    number = models.BigIntegerField()

    class Meta:
        verbose_name = "refusals in an hour"
        verbose_name_plural = "refusals by hour"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["user", "key", "hour", "status", "code"], nulls_distinct=False, name="refusals_are_counted_once"
            )
        ]
        indexes = [models.Index(F("hour"), F("id"), name="refusals_by_hour")]

    def __str__(self) -> str:
        return f"{self.number} × {self.code}"


class ArchivedDay(models.Model):
    """Completions of a day that stand in a file instead (management/archiving.py). What they came to stays here: a
    trigger compares it with the rows when it is written, and when a restore removes it. The ledger has all it had.
    """

    APPLICATION_MAY = ("SELECT",)

    day = models.DateField(primary_key=True)
    completions = models.BigIntegerField()
    charged_cents = models.BigIntegerField()
    cost_usd = models.DecimalField(max_digits=30, decimal_places=15)
    charges = models.BigIntegerField(help_text="Transactions of these completions, corrections too.")
    booked_cents = models.BigIntegerField(help_text="What they took.")
    sha256 = models.CharField(max_length=64, help_text="Of the file.")
    archived_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=Q(booked_cents=F("charged_cents")), name="what_was_charged_is_booked"),
        ]

    def __str__(self) -> str:
        return str(self.day)


class SoldDay(models.Model):
    day = models.DateField(primary_key=True)
    sold = models.JSONField()
    booked = models.JSONField(default=list)
    counted_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.day)
