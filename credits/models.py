"""The books. An account's balance is the sum of its transactions; available = balance - held is what may be spent.

CreditAccount      balance, held cents and running requests of one user; the row appears with the first transaction
CreditTransaction  one entry of the history, never changed: mistakes are corrected by another entry
Hold               cents set aside for a request under way; gone when it is settled
KeyUse             what a limited API key has spent and holds in its present day, month or lifetime
MoveRequest        what staff may not book alone: asked for by one person, decided once by another
StaffAction        everything staff did, from the ledger, the requests and the admin's log (a view)
StaffCeiling       how much a member of staff may book alone, where it is not what the settings say
BillingDetails     whose name and address stand on statements
MonthClose         a month of all accounts, as it was when it was closed
DaySum             what transactions of a day that is over come to; SummedDays says which days are there

Only credits/ledger writes these tables. Python checks are courtesy; the constraints and triggers here are law, and so
is APPLICATION_MAY: what the application's role is granted where the owner's is another (conway.common.database_roles).
"""

from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Concat, Now, Upper
from django.db.models.lookups import Exact

from conway.common.clock import Clock
from credits.notice_models import NoticeScan, NoticeSettings, Webhook, WebhookDelivery

__all__ = [
    "AuditRun",
    "BillingDetails",
    "CreditAccount",
    "CreditAccountQuerySet",
    "CreditTransaction",
    "CreditTransactionQuerySet",
    "DaySum",
    "FundingNote",
    "Hold",
    "KeyUse",
    "MonthClose",
    "MoveRequest",
    "MoveRequestQuerySet",
    "NoticeScan",
    "NoticeSettings",
    "StaffAction",
    "StaffCeiling",
    "SummedDays",
    "Webhook",
    "WebhookDelivery",
]


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
        """By the text, as the index has it: `details__model=...` would compare JSON, and read every row."""
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


class MoveRequestQuerySet(models.QuerySet["MoveRequest"]):
    def open(self) -> Self:
        return self.filter(decision=None, expires_at__gt=Now())


class MoveRequest(models.Model):
    """What a second person is asked to confirm. What was asked for never changes, and is decided once (a trigger says
    so): who approves books what they have seen.
    """

    APPLICATION_MAY = ("SELECT", "INSERT", "UPDATE")

    class Decision(models.TextChoices):
        APPROVED = "approved"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name="customer"
    )
    type = models.TextField(choices=CreditTransaction.Type.choices)
    amount_cents = models.BigIntegerField()
    reference = models.TextField(unique=True)
    refers_to = models.TextField(null=True, blank=True)
    payment_reference = models.TextField(null=True, blank=True)
    reason = models.TextField("shown to the customer")
    internal_note = models.TextField(blank=True, default="")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_from = models.GenericIPAddressField(null=True, blank=True)
    requested_at = models.DateTimeField(db_default=Clock(), editable=False)
    expires_at = models.DateTimeField()
    decision = models.TextField(choices=Decision.choices, null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_from = models.GenericIPAddressField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    entry = models.OneToOneField(
        CreditTransaction, on_delete=models.PROTECT, null=True, blank=True, related_name="request"
    )

    objects = MoveRequestQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "request to a second person", "requests to a second person"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=~Q(requested_by=F("user")), name="nobody_asks_for_their_own_account"),
            models.CheckConstraint(
                condition=Q(decision=None, decided_by=None, decided_at=None, entry=None)
                | Q(decision="withdrawn", decided_by__isnull=False, decided_at__isnull=False, entry=None)
                & Q(decided_by=F("requested_by"))
                | Q(decision="refused", decided_by__isnull=False, decided_at__isnull=False, entry=None)
                | Q(decision="approved", decided_by__isnull=False, decided_at__isnull=False, entry__isnull=False)
                & ~Q(decided_by=F("requested_by"))
                & ~Q(decided_by=F("user")),
                name="a_request_is_decided_by_another_person",
            ),
        ]
        indexes = [models.Index(F("expires_at"), name="open_requests", condition=Q(decision__isnull=True))]

    def __str__(self) -> str:
        return f"request {self.pk}"


class StaffCeiling(models.Model):
    """Superusers raise, or lower, what one person may book without a second one."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="staff_ceiling"
    )
    booking_cents = models.BigIntegerField(help_text="At once.")
    day_cents = models.BigIntegerField(help_text="In a day (UTC), all bookings together.")

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=Q(booking_cents__gte=0, day_cents__gte=0), name="a_ceiling_is_not_below_zero"
            )
        ]

    def __str__(self) -> str:
        return f"ceiling of {self.user}"


class StaffAction(models.Model):
    """A row of a view (migration 0009): read only."""

    APPLICATION_MAY = ("SELECT",)

    id = models.TextField(primary_key=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, related_name="+")
    address = models.GenericIPAddressField(null=True)
    kind = models.TextField()
    object_type = models.TextField()
    object_id = models.TextField()
    object = models.TextField()
    what = models.TextField()
    flag = models.PositiveSmallIntegerField(null=True)  # the admin log's own: added, changed, deleted
    amount_cents = models.BigIntegerField(null=True)

    class Meta:
        managed = False
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.id


class Hold(models.Model):
    completion_id = models.TextField(primary_key=True)
    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="holds", db_index=False)
    key = models.ForeignKey("accounts.ApiKey", on_delete=models.PROTECT, null=True, db_index=False)
    key_window = models.DateTimeField(null=True)  # the KeyUse window that counts it; null where the key has no limit
    cents = models.BigIntegerField()
    process = models.TextField()
    admitted_at = models.DateTimeField(db_default=Clock())
    beat = models.BigIntegerField(default=0, db_default=0)
    details = models.JSONField(default=dict)  # inference's: what settling needs if the process dies
    checkpoint = models.JSONField(null=True)  # inference's: how far it had come at the last beat

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(cents__gt=0), name="a_hold_is_at_least_one_cent")]

    def __str__(self) -> str:
        return self.completion_id


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


class DaySum(models.Model):
    """What transactions of a day that is over come to, for those that are alike. Made from them (figures.py), and
    forgotten when one is booked into the past (a trigger): never asked about a balance.
    """

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    type = models.TextField()
    model = models.TextField(blank=True)
    key = models.ForeignKey("accounts.ApiKey", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    cents = models.BigIntegerField()
    rows = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(F("account"), F("day"), name="sums_of_an_account")]

    def __str__(self) -> str:
        return f"{self.type} of account {self.account_id} on {self.day}"


class SummedDays(models.Model):
    """The days of an account before `until` stand in DaySum."""

    account = models.OneToOneField(CreditAccount, on_delete=models.PROTECT, primary_key=True, related_name="+")
    until = models.DateField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"account {self.account_id} until {self.until}"


class BillingDetails(models.Model):
    """Whose name and address stand on statements; typed by the customer."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="billing_details"
    )
    name = models.CharField("name or company", max_length=200, blank=True)
    address = models.TextField(blank=True, max_length=500, help_text="As it is written on a letter, line by line.")
    tax_id = models.CharField("tax number", max_length=50, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"billing details of {self.user}"


class MonthClose(models.Model):
    """A month of all accounts, as it was when staff closed it. It never changes, and nothing is booked into it any more
    (triggers say so): what comes late lands in the month in which it comes.
    """

    APPLICATION_MAY = ("SELECT", "INSERT")

    month = models.DateField(primary_key=True, help_text="Its first day.")
    accounts = models.BigIntegerField()
    opening_cents = models.BigIntegerField()
    topped_up_cents = models.BigIntegerField()
    adjusted_cents = models.BigIntegerField()
    charged_cents = models.BigIntegerField()
    refunded_cents = models.BigIntegerField()
    written_off_cents = models.BigIntegerField()
    closing_cents = models.BigIntegerField("liability at midnight")
    cost_usd = models.DecimalField(max_digits=30, decimal_places=15)
    lines = models.JSONField()  # charged, given back and cost, by model and provider
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(db_default=Clock(), editable=False)

    class Meta:
        verbose_name = "month's close"
        verbose_name_plural = "months' closes"
        default_permissions = ("view",)
        permissions = [("close_month", "Can close a month")]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="a_month_is_named_by_its_first_day"),
            models.CheckConstraint(
                condition=Q(
                    closing_cents=F("opening_cents")
                    + F("topped_up_cents")
                    + F("adjusted_cents")
                    - F("charged_cents")
                    + F("refunded_cents")
                    + F("written_off_cents")
                ),
                name="opening_and_moves_are_closing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class AuditRun(models.Model):
    """When the books were last checked, for staff to see."""

    APPLICATION_MAY = ("SELECT", "INSERT")

    finished_at = models.DateTimeField(db_default=Clock())
    accounts = models.BigIntegerField()
    faults = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.accounts} accounts, {self.faults} faults"


class FundingNote(models.Model):
    """How to get credits, in the staff's words: the overview shows it. There is one."""

    text = models.TextField(help_text="An empty line begins a paragraph; addresses become links.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="there_is_one_funding_note")]

    def __str__(self) -> str:
        return "How to get credits"

    @classmethod
    def current(cls) -> str:
        note = cls.objects.first()
        return note.text if note else "Your operator adds credits to your account: ask them for a top-up."
