"""A second factor beside the password: an authenticator app, passkeys, and recovery codes for when both are gone.

    totp       codes of an app (RFC 6238, by pyotp)
    passkeys   WebAuthn (by fido2)
    recovery   codes that work once each

`is_shown` and `is_code_of` are where what somebody sends is held against what they have. Every try is counted first.
"""

from django.http import HttpRequest

from accounts import lockout, mail
from accounts.addresses import client_network
from accounts.models import Passkey, RecoveryCode, TotpApp, User
from accounts.second_factor import passkeys, recovery, totp


def is_set_up(user: User) -> bool:
    """Recovery codes alone are none."""
    return TotpApp.objects.filter(user=user).exists() or Passkey.objects.filter(user=user).exists()


def is_shown(request: HttpRequest, user: User) -> bool:
    """Whether the `code` or the `passkey` of this form is theirs. Raises TooMany."""
    code, answer = request.POST.get("code", "").strip(), request.POST.get("passkey", "")
    if code or not answer:
        return is_code_of(user, code, client_network(request))
    network = client_network(request)
    lockout.admit_second_factor(user, network)
    return passkeys.accepts(request, user, answer) and succeeded(user, network)


def is_code_of(user: User, code: str, network: str) -> bool:
    """Whether the code is of their app, or one of their recovery codes. Raises TooMany."""
    if not code:
        return False
    lockout.admit_second_factor(user, network)
    if totp.accepts(user, code):
        return succeeded(user, network)
    if recovery.accepts(user, code):
        tell(user, f"a recovery code was used; {recovery.left(user)} are left")
        return succeeded(user, network)
    return False


def succeeded(user: User, network: str) -> bool:
    lockout.second_factor_succeeded(user, network)
    return True


def reset(user: User) -> None:
    """Nothing of it is left, and whatever it signed in is signed out."""
    for model in (TotpApp, Passkey, RecoveryCode):
        model.objects.filter(user=user).delete()
    user.sign_out_everywhere()
    tell(user, "your second factor was reset by staff, and you were signed out everywhere")


def tell(user: User, what: str) -> None:
    """The owner of the account, wherever the change was made."""
    if user.email:
        mail.send(user.email, "second_factor", {"user": user, "what": what})
