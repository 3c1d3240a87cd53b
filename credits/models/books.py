"""What people hold, what was booked, and what is set aside for requests under way."""

from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Concat, Upper
from django.db.models.lookups import Exact

from conway.common.clock import Clock


class StartsWith(models.Func):
    function = "starts_with"
    output_field = models.BooleanField()


class CreditAccountQuerySet(models.QuerySet["CreditAccount"]):
    def for_user(self, user: Any) -> Self:
        return self.filter(user=user)

    def with_available(self) -> Self:
        return self.annotate(available=F("balance_cents") - F("held_cents"))


class CreditAccount(models.Model):
    APPLICATION_MAY = ("SELECT", "INSERT", "UPDATE")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="credit_account"
    )
    balance_cents = models.BigIntegerField(default=0, db_default=0)
    held_cents = models.BigIntegerField(default=0, db_default=0)
    running = models.IntegerField(default=0, db_default=0)  # its open holds
    # Since the last top-up or adjustment, or since staff looked; a trigger counts it. Beyond a sum, admissions stop.
    written_off_cents = models.BigIntegerField(default=0, db_default=0)

    objects = CreditAccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(balance_cents__gte=0), name="a_balance_is_never_negative"),
            models.CheckConstraint(
                condition=Q(held_cents__gte=0, held_cents__lte=F("balance_cents")),
                name="held_credit_is_between_zero_and_the_balance",
            ),
            models.CheckConstraint(condition=Q(written_off_cents__gte=0), name="written_off_is_never_negative"),
        ]
        indexes = [
            models.Index("written_off_cents", name="accounts_written_off", condition=Q(written_off_cents__gt=0)),
        ]
        permissions = [
            ("top_up", "Can top up credit"),
            ("adjust", "Can adjust credit"),
            ("refund", "Can refund a charge"),
        ]

    def __str__(self) -> str:
        return f"account {self.pk}"

    @property
    def available_cents(self) -> int:
        return self.balance_cents - self.held_cents


class CreditTransactionQuerySet(models.QuerySet["CreditTransaction"]):
    def for_user(self, user: Any) -> Self:
        return self.filter(account=getattr(user, "pk", user))

    def newest_first(self) -> Self:
        return self.order_by("-id")

    def served_by(self, model: str) -> Self:
        """Filters by text, as the index has it: `details__model=...` would compare JSON, and read every row."""
        return self.alias(model=KT("details__model")).filter(model=model)

    def about(self, charge: str) -> Self:
        """The charge with this reference and what was booked because of it; minus their sum is what the user paid."""
        return self.filter(Q(reference=charge) | Q(refers_to=charge))

    def paid_by(self, payment: str) -> Self:
        """However its letters are spelled: the unique index has them in capitals."""
        return self.alias(paid_by=Upper("payment_reference")).filter(
            payment_reference__isnull=False, paid_by=Upper(models.Value(payment))
        )


class CreditTransaction(models.Model):
    APPLICATION_MAY = ("SELECT", "INSERT")

    class Type(models.TextChoices):
        TOP_UP = "top_up"
        INFERENCE = "inference"
        REFUND = "refund"
        ADJUSTMENT = "adjustment"
        WRITE_OFF = "write_off"

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="transactions", db_index=False)
    type = models.TextField(choices=Type.choices)
    amount_cents = models.BigIntegerField()
    balance_after_cents = models.BigIntegerField()
    reference = models.TextField()
    refers_to = models.TextField(null=True, blank=True)  # the reference of the charge, for what is booked because of it
    description = models.TextField(blank=True, default="", db_default="")
    details = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))  # frozen at settlement
    key = models.ForeignKey("accounts.ApiKey", on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    # The words of whoever made it: the customer reads `reason` and, on statements, the payment; only staff the note.
    reason = models.TextField("shown to the customer", blank=True, default="", db_default="")
    internal_note = models.TextField(blank=True, default="", db_default="")
    payment_reference = models.TextField(null=True, blank=True)  # the invoice or transfer that a top-up answers
    made_from = models.GenericIPAddressField("made from", null=True, blank=True)
    # The second person, where one was needed; the first one asked at `requested_at`.
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    approved_from = models.GenericIPAddressField("approved from", null=True, blank=True)
    requested_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Clock(), editable=False)

    objects = CreditTransactionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reference"], name="a_reference_is_booked_once"),
            models.CheckConstraint(
                condition=Q(type__in=["top_up", "inference", "refund", "adjustment", "write_off"]),
                name="a_transaction_has_a_known_type",
            ),
            models.CheckConstraint(
                condition=StartsWith(F("reference"), Concat(F("type"), models.Value(":"))),
                name="a_reference_starts_with_its_type",
            ),
            models.CheckConstraint(condition=~Q(amount_cents=0), name="a_transaction_moves_at_least_one_cent"),
            # Only the correction of a provisional charge may go the other way.
            models.CheckConstraint(
                condition=Q(type="adjustment")
                | Q(type="inference", amount_cents__lt=0)
                | Q(type__in=["top_up", "refund", "write_off"], amount_cents__gt=0)
                | Q(type__in=["inference", "refund", "write_off"], reference__endswith=".corrected"),
                name="an_amount_has_the_sign_of_its_type",
            ),
            models.CheckConstraint(condition=Q(balance_after_cents__gte=0), name="a_balance_after_is_never_negative"),
            # Of these three, rows that were there before them are exempt: they are added without a look back.
            models.CheckConstraint(
                condition=Q(made_by=None) | ~Q(made_by=F("account")), name="nobody_books_on_their_own_account"
            ),
            models.CheckConstraint(
                condition=~Q(type="top_up")
                | Q(made_by=None)
                | Q(payment_reference__isnull=False, payment_reference__gt=""),
                name="a_top_up_by_staff_names_its_payment",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None, requested_at=None)
                | Q(approved_by__isnull=False, requested_at__isnull=False, made_by__isnull=False)
                & ~Q(approved_by=F("made_by"))
                & ~Q(approved_by=F("account")),
                name="another_person_approves",
            ),
            models.UniqueConstraint(
                Upper("payment_reference"),
                condition=Q(payment_reference__isnull=False),
                name="a_payment_is_booked_once",
            ),
        ]
        indexes = [
            # The history: newest first, paged by id, filtered.
            models.Index(F("account"), F("id"), name="history"),
            models.Index(F("account"), F("created_at"), name="history_by_date"),
            models.Index(F("account"), KT("details__model"), F("id"), name="history_by_model"),
            models.Index(F("account"), F("key"), F("id"), name="history_by_key", condition=Q(key__isnull=False)),
            # Charges outnumber the rest by far and need no index of their type.
            models.Index(
                F("account"), F("type"), F("id"), name="history_by_rarer_type", condition=~Q(type="inference")
            ),
            models.Index(F("type"), F("id"), name="rarer_types", condition=~Q(type="inference")),
            BrinIndex("created_at", name="by_date"),
            models.Index(F("refers_to"), name="booked_because_of", condition=Q(refers_to__isnull=False)),
            models.Index(F("made_by"), F("id"), name="moves_by_person", condition=Q(made_by__isnull=False)),
            # The staff admin filters over all accounts; nearly all charges are exact, and need no index to be found.
            models.Index(KT("details__model"), F("id"), name="charges_by_model"),
            models.Index(KT("details__provider"), F("id"), name="charges_by_provider"),
            models.Index(
                KT("details__settlement"),
                F("id"),
                name="unusual_charges",
                condition=~Q(Exact(KT("details__settlement"), models.Value("exact"))),
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Hold(models.Model):
    completion_id = models.TextField(primary_key=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="holds", db_index=False)
    key = models.ForeignKey("accounts.ApiKey", on_delete=models.PROTECT, null=True, db_index=False)
    key_window = models.DateTimeField(null=True)  # the KeyUse window that counts it; null where the key has no limit
    cents = models.BigIntegerField()
    process = models.TextField()
    admitted_at = models.DateTimeField(db_default=Clock())
    beat = models.BigIntegerField(default=0, db_default=0)
    beat_at = models.DateTimeField(db_default=Clock(), editable=False)  # when the beat moved; a trigger says it
    details = models.JSONField(default=dict)  # inference's: what settling needs if the process dies
    checkpoint = models.JSONField(null=True)  # inference's: how far it had come at the last beat

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(cents__gt=0), name="a_hold_is_at_least_one_cent")]

    def __str__(self) -> str:
        return self.completion_id


class HoldWatch(models.Model):
    """One row: when somebody last looked for holds that do not move, and since when without interruption."""

    looked_at = models.DateTimeField(db_default=Clock())
    unbroken_since = models.DateTimeField(db_default=Clock())

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="there_is_one_watch")]

    def __str__(self) -> str:
        return f"looked without interruption since {self.unbroken_since}"


class KeyUse(models.Model):
    """`window_start` is the moment of the window's first admission, so no two windows of a key share it, whatever
    becomes of its limits: a hold that carries it belongs to this window and no other."""

    APPLICATION_MAY = ("SELECT", "INSERT", "UPDATE")

    key = models.OneToOneField("accounts.ApiKey", on_delete=models.PROTECT, primary_key=True, related_name="use")
    window_start = models.DateTimeField(db_default=Clock())
    spent_cents = models.BigIntegerField(default=0, db_default=0)
    held_cents = models.BigIntegerField(default=0, db_default=0)
    running = models.IntegerField(default=0, db_default=0)  # open holds of the window
    minute = models.DateTimeField(db_default=Clock())  # truncated to the minute, UTC
    minute_used = models.IntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(held_cents__gte=0), name="a_key_never_holds_less_than_nothing"),
            models.CheckConstraint(condition=Q(minute_used__gte=0), name="a_minute_has_no_negative_use"),
        ]

    def __str__(self) -> str:
        return f"use of key {self.pk}"
