"""Days and months added up, closed and audited; whose name stands on statements."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from conway.common.clock import Clock
from credits.models.books import CreditAccount


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


class MonthDraft(models.Model):
    """What the close of a month that is over would be. Made before anybody asks (close.py), and forgotten when
    something is booked into its past (a trigger).
    """

    month = models.DateField(primary_key=True)
    facts = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"draft of {self.month:%Y-%m}"


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
