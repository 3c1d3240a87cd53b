from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import forms as auth_forms

from accounts import lockout
from accounts.models import ApiKey, User

if TYPE_CHECKING:
    UserPasswordMixin = auth_forms.SetPasswordMixin[User]
    UserPasswordForm = auth_forms.SetPasswordForm[User]
else:  # at run time Django's take no parameter
    UserPasswordMixin, UserPasswordForm = auth_forms.SetPasswordMixin, auth_forms.SetPasswordForm


def revoke_keys_field(initial: bool = False) -> forms.BooleanField:
    return forms.BooleanField(required=False, initial=initial, label="Revoke all API keys, too")


class EmailAndPasswordForm(UserPasswordMixin, forms.Form):
    """Signing up; or a second way in for a user who has only a wallet. It never says whose an address is."""

    email = forms.EmailField(max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password1, password2 = UserPasswordMixin.create_password_fields()
    field_order = ["email", "password1", "password2"]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        self.validate_passwords()
        self.validate_password_for_user(User(email=self.cleaned_data.get("email")))
        return cleaned


class NewEmailForm(forms.Form):
    """The present password is asked for: whoever finds an open browser must not take the account along."""

    email = forms.EmailField(label="New email", max_length=254)
    password = forms.CharField(
        label="Your password",
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        if (email := str(self.cleaned_data["email"]).lower()) == self.user.email:
            raise forms.ValidationError("That is your email already.")
        return email

    def clean_password(self) -> str:
        if not lockout.is_password_of(self.user, self.cleaned_data["password"]):
            raise forms.ValidationError("This is not your password.")
        return str(self.cleaned_data["password"])


class PasswordAlone(UserPasswordMixin):
    """Writes the password and no other column: the user was read before half a second of hashing, and what staff
    changed meanwhile (deactivated them, took a right away) must not come back with it.
    """

    cleaned_data: dict[str, Any]

    def set_password_and_save(self, user: User, password_field_name: str = "password1", commit: bool = True) -> User:
        user.set_password(self.cleaned_data[password_field_name])
        if commit:
            user.save(update_fields=["password"])
        return user


class ChangePasswordForm(PasswordAlone, auth_forms.PasswordChangeForm):
    revoke_keys = revoke_keys_field()

    def clean_old_password(self) -> str:
        if not lockout.is_password_of(self.user, self.cleaned_data["old_password"]):
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return str(self.cleaned_data["old_password"])


class NewPasswordForm(PasswordAlone, UserPasswordForm):
    """A new password, chosen after a mailed link was opened."""

    revoke_keys = revoke_keys_field()

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        if user is None or not ApiKey.objects.filter(user=user, revoked_at=None).exists():
            del self.fields["revoke_keys"]  # there are none


class ProveForm(forms.Form):
    """What was made before the address was proven may be somebody else's."""

    end_sessions = forms.BooleanField(required=False, label="Sign out everywhere else")
    revoke_keys = revoke_keys_field()


class ForgottenPasswordForm(auth_forms.PasswordResetForm):
    """Finds whom Django would not mail, too: people staff made, and those who have proven no address."""

    def found(self) -> User | None:
        email = self.cleaned_data["email"]
        owner = User.objects.filter(email=email, is_active=True).first()
        return owner or User.objects.claiming(email).filter(is_active=True).first()
