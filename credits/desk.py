"""What staff fill in to move money. Each form carries a reference of its own, so that a double click is one credit."""

from typing import Any
from uuid import uuid4

from django import forms

from accounts.models import User
from credits import ledger
from credits.models import CreditTransaction


def new_reference() -> str:
    return f"desk-{uuid4()}"


class UserField(forms.CharField):
    """An email address or a user id: wallet users have no email."""

    def clean(self, value: Any) -> User:
        text = super().clean(value).strip()
        by_id = text.isdecimal() and len(text) < 19
        user = User.objects.filter(**({"pk": int(text)} if by_id else {"email": text})).first()
        if user is None:
            raise forms.ValidationError("There is no such user.")
        return user


class TopUpForm(forms.Form):
    user = UserField(help_text="Email address or user id.", max_length=254)
    cents = forms.IntegerField(label="Amount in cents", min_value=1, max_value=ledger.CENTS_MAX)
    reason = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"size": 60}))
    reference = forms.CharField(widget=forms.HiddenInput, initial=new_reference, max_length=100)

    def post(self, *, by: User) -> CreditTransaction | None:
        """The transaction, or None and an error on the form."""
        try:
            return ledger.top_up(**self.cleaned_data, by=by)
        except ledger.ReferenceReused:
            self.add_error(None, "This form was used already, with another amount or user. Open it anew.")
        except ledger.UnableToPost as error:
            self.add_error(None, str(error))
        return None
