"""What staff fill in to move money: filled in, seen with before and after, and booked once.

Each form carries a reference of its own from the first page to the last, so a double click, or a click on a page that
was left open, books nothing twice. What one person may not book alone becomes a request to a second one.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, cast
from uuid import uuid4

from django import forms

from accounts.lookup import user_for_payment
from accounts.models import UnprovenEmail, User
from conway.common.dollars import DollarsField
from credits import ledger
from credits.models import CreditAccount, CreditTransaction, MoveRequest
from credits.templatetags.money import usd

Type = CreditTransaction.Type


def new_reference() -> str:
    return f"admin-{uuid4()}"


@dataclass(frozen=True)
class Line:
    """Cents before and after."""

    name: str
    before: int
    after: int


class ChargeField(forms.CharField):
    """A completion's id; the charge it leads to."""

    def clean(self, value: Any) -> CreditTransaction:
        reference = f"inference:{super().clean(value).strip().removeprefix('inference:')}"
        booked = CreditTransaction.objects.about(reference).select_related("account__user")
        charge = booked.filter(type=Type.INFERENCE).order_by("id").first()
        if charge is None:
            raise forms.ValidationError("No charge was made for such a completion.")
        return charge


def wide() -> forms.Widget:
    return forms.TextInput(attrs={"size": 60})


class PostingForm(forms.Form):
    title: ClassVar[str]
    permission: ClassVar[str]
    booked: ClassVar[str]  # what is said of it afterwards

    amount = DollarsField(label="Amount in dollars", most_cents=ledger.CENTS_MAX, help_text="For example 50 or 50.00.")
    reason = forms.CharField(
        label="Shown to the customer",
        max_length=200,
        widget=wide(),
        help_text="The customer reads this in their history.",
    )
    note = forms.CharField(
        label="Internal note", required=False, max_length=500, widget=wide(), help_text="Only staff read this."
    )
    reference = forms.CharField(widget=forms.HiddenInput, initial=new_reference, max_length=80)

    @property
    def owner(self) -> User:
        return cast(User, self.cleaned_data["user"])

    @property
    def cents(self) -> int:
        return int(self.cleaned_data["amount"])

    @cached_property
    def account(self) -> CreditAccount:
        return CreditAccount.objects.for_user(self.owner).first() or CreditAccount(user=self.owner)

    def lines(self) -> list[Line]:
        """The account's numbers before and after, as of now; what is booked is decided when it is booked."""
        account = self.account
        return [
            Line("Balance", account.balance_cents, account.balance_cents + self.cents),
            Line("Held for requests under way", account.held_cents, account.held_cents),
            Line("Available", account.available_cents, account.available_cents + self.cents),
        ]

    def cautions(self) -> list[str]:
        """What somebody should compare the amount with."""
        return []

    def is_possible(self, by: User) -> bool:
        """Whether it could be booked now; if not, the form has an error that says why."""
        if short := [line for line in self.lines() if line.after < 0]:
            self.add_error("amount", f"{short[-1].name}: only {usd(short[-1].before)} is there.")
        if self.owner.pk == by.pk:
            self.add_error(None, "This is your own account: ask a colleague.")
        return self.is_valid()

    def post(self, *, by: User, address: str | None) -> CreditTransaction | MoveRequest | None:
        """The transaction, or the request to a second person, or None and an error on the form."""
        try:
            return self.book(by=by, note=self.cleaned_data["note"], address=address)
        except ledger.AboveCeiling as above:
            return self.ask(above)
        except ledger.ReferenceReused:
            self.add_error(None, "This form was submitted already, with other values. Open it again.")
        except ledger.UnableToPost as error:
            self.add_error(None, str(error))
        return None

    def ask(self, above: ledger.AboveCeiling) -> MoveRequest | None:
        try:
            return ledger.ask(above.entry)
        except ledger.UnableToPost as error:
            self.add_error(None, str(error))
            return None

    def book(self, **made: Any) -> CreditTransaction:
        raise NotImplementedError  # a form's metaclass leaves no room for an abstract one


class UserForm(PostingForm):
    """Whose account it is, is said in words: an email address, a user id or a wallet's address."""

    user = forms.CharField(help_text="Email address, user id or wallet address.", max_length=254)
    unproven = forms.BooleanField(
        label="Also an address that nobody has proven",
        required=False,
        help_text="Somebody signed up with it and has not opened the link in our mail: it may be anybody.",
    )

    def clean_user(self) -> User:
        widget = self.fields["unproven"].widget
        is_unproven_enough = widget.value_from_datadict(self.data, self.files, self.add_prefix("unproven"))
        try:
            return user_for_payment(self.cleaned_data["user"], allow_unproven=bool(is_unproven_enough))
        except User.DoesNotExist as error:
            raise forms.ValidationError("There is no such user.") from error
        except UnprovenEmail as error:
            raise forms.ValidationError(str(error)) from error


class TopUp(UserForm):
    title, permission, booked = "Top up", "credits.top_up", "Topped up"

    payment = forms.CharField(
        label="Payment reference",
        max_length=ledger.PAYMENT_MAX,
        widget=wide(),
        help_text="The number of the invoice or the transfer. Each is booked once.",
    )
    field_order = ["user", "unproven", "amount", "payment", "reason", "note"]

    def clean_payment(self) -> str:
        try:
            payment = ledger.payment_text(self.cleaned_data["payment"])
        except ledger.UnableToPost as error:
            raise forms.ValidationError(str(error)) from error
        booked = CreditTransaction.objects.paid_by(payment).select_related("account__user").first()
        if booked is not None and booked.reference != f"{Type.TOP_UP}:{self.data.get('reference')}":
            raise forms.ValidationError(
                f"This payment was booked on {booked.created_at:%Y-%m-%d}: {usd(booked.amount_cents)} "
                f"for {booked.account.user}."
            )
        return payment

    def cautions(self) -> list[str]:
        top_ups = CreditTransaction.objects.for_user(self.owner).filter(type=Type.TOP_UP)
        last, largest = top_ups.newest_first().first(), top_ups.order_by("-amount_cents").first()
        if last is None or largest is None:
            return ["This is the account's first top-up."]
        cautions = [f"{name}: {usd(row.amount_cents)} on {row.created_at:%Y-%m-%d}." for name, row in
                (("Last top-up", last), ("Largest so far", largest))]  # fmt: skip
        if self.cents > largest.amount_cents:
            cautions.append(f"This one is {times(self.cents, largest.amount_cents)} the largest.")
        return cautions

    def book(self, **made: Any) -> CreditTransaction:
        data = self.cleaned_data
        return ledger.top_up(
            user=data["user"], cents=self.cents, reference=data["reference"], reason=data["reason"],
            payment=data["payment"], **made,
        )  # fmt: skip


def times(more: int, less: int) -> str:
    tenths = more * 10 // less
    return f"{tenths // 10:,}.{tenths % 10} times"


class Adjustment(UserForm):
    title, permission, booked = "Adjust", "credits.adjust", "Adjusted"

    amount = DollarsField(
        label="Amount in dollars",
        least_cents=-ledger.CENTS_MAX,
        most_cents=ledger.CENTS_MAX,
        help_text="For example 50 or -12.50. Below zero takes credit away; what is held for requests under way stays.",
    )
    field_order = ["user", "unproven", "amount", "reason", "note"]

    def clean_amount(self) -> int:
        if not (cents := int(self.cleaned_data["amount"])):
            raise forms.ValidationError("The amount must not be zero.")
        return cents

    def book(self, **made: Any) -> CreditTransaction:
        data = self.cleaned_data
        return ledger.adjust(
            user=data["user"], cents=self.cents, reference=data["reference"], reason=data["reason"], **made
        )


class Refund(PostingForm):
    """Whole or part of a charge: at most what the user has paid for it by now."""

    title, permission, booked = "Refund", "credits.refund", "Refunded"

    charge = ChargeField(label="Completion", max_length=100, help_text="The completion's id.")
    field_order = ["charge", "amount", "reason", "note"]

    @property
    def owner(self) -> User:
        return self.charged.account.user

    @property
    def charged(self) -> CreditTransaction:
        return cast(CreditTransaction, self.cleaned_data["charge"])

    @property
    def paid_for(self) -> str:
        """The charge's reference; for a correction, the reference of what it corrects."""
        return self.charged.refers_to or self.charged.reference

    def lines(self) -> list[Line]:
        paid = ledger.refundable_cents(self.paid_for)
        return [*super().lines(), Line("Paid for this completion", paid, paid - self.cents)]

    def book(self, **made: Any) -> CreditTransaction:
        data = self.cleaned_data
        return ledger.refund(
            reference=self.paid_for, cents=self.cents, reason=data["reason"], attempt=data["reference"], **made
        )


POSTING_FORMS = {"top-up": TopUp, "adjust": Adjustment, "refund": Refund}
PERMISSIONS = {Type.TOP_UP: TopUp.permission, Type.ADJUSTMENT: Adjustment.permission, Type.REFUND: Refund.permission}
