"""Codes of an authenticator app. The secret has to be readable to check one, so it lies sealed in the database: a copy
of the database alone shows no codes.
"""

import base64
import hashlib
import hmac
import time

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from pyotp.exceptions import OTPVerificationError

from accounts.models import TotpApp, User

ISSUER = "Conway"
DIGITS = 6
STEPS = 1  # before and after the present one: thirty seconds of a wrong clock


def seals() -> MultiFernet:
    """Seals with the first, reads with any."""
    keys = [settings.CONWAY_SECOND_FACTOR_KEY, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    derived = [hmac.digest(key.encode(), b"accounts.second_factor.totp", hashlib.sha256) for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


def new_sealed_secret() -> str:
    return seals().encrypt(pyotp.random_base32().encode()).decode()


def secret_of(sealed: str) -> str:
    """Raises InvalidToken where the key that sealed it is gone."""
    return seals().decrypt(sealed.encode()).decode()


def address_of(secret: str, user: User) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=user.typed_email or user.display_name, issuer_name=ISSUER)


def picture(address: str) -> SafeString:
    """A QR code, black on white in any colour scheme: cameras want it so."""
    drawn = segno.make(address, error="m").svg_inline(scale=5, border=4, dark="#000", light="#fff")
    return mark_safe(drawn)  # numbers and colours; the address is no part of it as text


def step_of(secret: str, code: str) -> int | None:
    digits = code.replace(" ", "")
    if len(digits) != DIGITS or not digits.isascii() or not digits.isdecimal():
        return None
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(digits, for_time=time.time(), valid_window=STEPS)
    except OTPVerificationError:
        return None


def accepts(user: User, code: str) -> bool:
    """Once: of two who send the same code, one is accepted."""
    app = TotpApp.objects.filter(user=user).first()
    if app is None:
        return False
    try:
        step = step_of(secret_of(app.sealed_secret), code)
    except InvalidToken:
        return False
    return step is not None and TotpApp.objects.filter(user=user, last_step__lt=step).update(last_step=step) == 1


def enrol(user: User, sealed: str, code: str) -> bool:
    """Sets an app up, in place of the one there was. The code that shows that it works is used up."""
    if (step := step_of(secret_of(sealed), code)) is None:
        return False
    TotpApp.objects.update_or_create(user=user, defaults={"sealed_secret": sealed, "last_step": step})
    return True
