"""What staff fill in to move money: filled in, seen with before and after, and booked once.

Each form carries a reference of its own from the first page to the last, so a double click, or a click on a page that
was left open, books nothing twice.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar
from uuid import uuid4

from django import forms

from accounts.models import User
from credits import ledger
from credits.models import CreditAccount, CreditTransaction


def new_reference() -> str:
    return f"desk-{uuid4()}"


@dataclass(frozen=True)
class Line:
    """Cents before and after."""

    name: str
    before: int
    after: int


class UserField(forms.CharField):
    """An email address or a user id: wallet users have no email."""

    def clean(self, value: Any) -> User:
        text = super().clean(value).strip()
        by_id = text.isdecimal() and len(text) < 19
        user = User.objects.filter(**({"pk": int(text)} if by_id else {"email": text})).first()
        if user is None:
            raise forms.ValidationError("There is no such user.")
        return user


class ChargeField(forms.CharField):
    """A completion's id; the charge it leads to."""

    def clean(self, value: Any) -> CreditTransaction:
        reference = f"inference:{super().clean(value).strip().removeprefix('inference:')}"
        booked = CreditTransaction.objects.about(reference).select_related("account__user")
        charge = booked.filter(type=CreditTransaction.Type.INFERENCE).order_by("id").first()
        if charge is None:
            raise forms.ValidationError("No charge was made for such a completion.")
        return charge


class PostingForm(forms.Form):
    title: ClassVar[str]
    permission: ClassVar[str]
    booked: ClassVar[str]  # what is said of it afterwards

    cents = forms.IntegerField(label="Amount in cents", min_value=1, max_value=ledger.CENTS_MAX)
    reason = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"size": 60}))
    reference = forms.CharField(widget=forms.HiddenInput, initial=new_reference, max_length=80)

    @property
    def owner(self) -> User:
        return self.cleaned_data["user"]

    @cached_property
    def account(self) -> CreditAccount:
        return CreditAccount.objects.for_user(self.owner).first() or CreditAccount(user=self.owner)

    def lines(self) -> list[Line]:
        """As things stand now; what is booked is decided when it is booked."""
        cents, account = self.cleaned_data["cents"], self.account
        return [
            Line("Balance", account.balance_cents, account.balance_cents + cents),
            Line("Held for requests under way", account.held_cents, account.held_cents),
            Line("Available", account.available_cents, account.available_cents + cents),
        ]

    def is_possible(self) -> bool:
        """Else an error stands on the form."""
        if short := [line for line in self.lines() if line.after < 0]:
            self.add_error("cents", f"{short[-1].name}: only {short[-1].before} cents are there.")
        return self.is_valid()

    def post(self, *, by: User) -> CreditTransaction | None:
        """The transaction, or None and an error on the form."""
        try:
            return self.book(by)
        except ledger.ReferenceReused:
            self.add_error(None, "This form was used already, for something else. Open it anew.")
        except ledger.UnableToPost as error:
            self.add_error(None, str(error))
        return None

    def book(self, by: User) -> CreditTransaction:
        raise NotImplementedError  # a form's metaclass leaves no room for an abstract one


class TopUp(PostingForm):
    title, permission, booked = "Top up", "credits.top_up", "Topped up"

    user = UserField(help_text="Email address or user id.", max_length=254)
    field_order = ["user", "cents", "reason"]

    def book(self, by: User) -> CreditTransaction:
        return ledger.top_up(**self.cleaned_data, by=by)


class Adjustment(PostingForm):
    title, permission, booked = "Adjust", "credits.adjust", "Adjusted"

    user = UserField(help_text="Email address or user id.", max_length=254)
    cents = forms.IntegerField(
        label="Amount in cents",
        min_value=-ledger.CENTS_MAX,
        max_value=ledger.CENTS_MAX,
        help_text="Below zero takes credit away; what is held for requests under way stays.",
    )
    field_order = ["user", "cents", "reason"]

    def clean_cents(self) -> int:
        if not (cents := self.cleaned_data["cents"]):
            raise forms.ValidationError("Zero cents adjust nothing.")
        return cents

    def book(self, by: User) -> CreditTransaction:
        return ledger.adjust(**self.cleaned_data, by=by)


class Refund(PostingForm):
    """Whole or part of a charge: at most what the user has paid for it by now."""

    title, permission, booked = "Refund", "credits.refund", "Refunded"

    charge = ChargeField(label="Completion", max_length=100, help_text="The completion's id.")
    field_order = ["charge", "cents", "reason"]

    @property
    def owner(self) -> User:
        return self.cleaned_data["charge"].account.user

    @property
    def paid_for(self) -> str:
        """The charge's reference; a correction's is told by what it corrects."""
        charge = self.cleaned_data["charge"]
        return charge.refers_to or charge.reference

    def lines(self) -> list[Line]:
        paid = ledger.refundable_cents(self.paid_for)
        return [*super().lines(), Line("Paid for this completion", paid, paid - self.cleaned_data["cents"])]

    def book(self, by: User) -> CreditTransaction:
        data = self.cleaned_data
        return ledger.refund(
            reference=self.paid_for, cents=data["cents"], reason=data["reason"], by=by, attempt=data["reference"]
        )


POSTING_FORMS = {"top-up": TopUp, "adjust": Adjustment, "refund": Refund}
