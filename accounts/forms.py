from typing import Any

from django import forms
from django.contrib.auth.forms import SetPasswordMixin

from accounts.models import User


class EmailAndPasswordForm(SetPasswordMixin, forms.ModelForm):
    """A second way in for a user who has only a wallet."""

    password1, password2 = SetPasswordMixin.create_password_fields()

    class Meta:
        model = User
        fields = ("email",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].required = True

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        self.validate_passwords()
        self.validate_password_for_user(User(email=self.cleaned_data.get("email")))
        return cleaned

    def save(self, commit: bool = True) -> User:
        return self.set_password_and_save(self.instance, commit=commit)
