"""What staff may book, what they ask a second person for, and what they did."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from conway.common.clock import Clock
from credits.models.books import CreditTransaction


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
