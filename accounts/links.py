"""The one link we mail: it proves an address. Signing up, changing one's email and being invited all end with it.

Nothing is stored for it: like Django's link for a new password it is signed over what using it changes, so it works
once, and ends with everything else when its user signs out everywhere.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts import mail
from accounts.models import User


class AddressTokens(PasswordResetTokenGenerator):
    key_salt = "accounts.links.AddressTokens"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{user.pk}|{user.email}|{user.claimed_email}|{user.email_proven_at}|{user.epoch}|{timestamp}"


class ResetTokens(PasswordResetTokenGenerator):
    """Django's, which end with a new password, email or sign-in; these end with `sign out everywhere`, too."""

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        return f"{super()._make_hash_value(user, timestamp)}{user.epoch or ''}"


tokens = AddressTokens()
reset_tokens = ResetTokens()


def address_to_prove(user: User) -> str | None:
    """What they claim; else what staff gave them and no link has proven."""
    return user.claimed_email or (user.email if user.email_proven_at is None else None)


def path(user: User) -> str:
    return reverse("prove", args=[urlsafe_base64_encode(force_bytes(user.pk)), tokens.make_token(user)])


def read(uid: str, token: str) -> User | None:
    try:
        user = User.objects.get(pk=force_str(urlsafe_base64_decode(uid)), is_active=True)
    except (ValueError, OverflowError, User.DoesNotExist):
        return None
    return user if address_to_prove(user) and tokens.check_token(user, token) else None


def send(user: User, request: HttpRequest | None = None) -> None:
    """Mails a link to the address that is to be proven; does nothing where there is none."""
    if address := address_to_prove(user):
        name = "invitation" if user.is_invited else "prove"
        mail.send(address, name, {"user": user, "address": address, "url": site(request) + path(user)})


def send_way_in(user: User, request: HttpRequest | None = None) -> str:
    """To who forgot their password, or is sent a link by staff. Who has proven no address, or was invited and never
    here, proves it by the link that sets the password. Returns the address that it went to.
    """
    if user.is_unproven or user.is_invited:
        send(user, request)
        return str(address_to_prove(user))
    uid, token = urlsafe_base64_encode(force_bytes(user.pk)), reset_tokens.make_token(user)
    url = site(request) + reverse("password_reset_confirm", args=[uid, token])
    mail.send(str(user.email), "password_reset", {"user": user, "url": url})
    return str(user.email)


def send_known(address: str, request: HttpRequest) -> None:
    """Mails the owner of an address that a stranger, or they themselves, signed up with again."""
    urls = {"sign_in": site(request) + reverse("sign-in"), "reset": site(request) + reverse("password_reset")}
    mail.send(address, "known", {"address": address, **urls})


def invite(user: User, request: HttpRequest | None = None) -> None:
    """For the staff admin and commands: the first way in of a user whom staff made. Raises ValueError without a site or
    an address that could be invited.
    """
    if not user.is_invited:
        raise ValueError(f"{user} needs no invitation.")
    send(user, request)


def site(request: HttpRequest | None) -> str:
    if request is not None:
        return f"{request.scheme}://{request.get_host()}"
    if not settings.CONWAY_URL:
        raise ValueError("Set CONWAY_URL to the address of this service: the link in the mail begins with it.")
    return settings.CONWAY_URL
