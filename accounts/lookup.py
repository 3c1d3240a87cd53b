"""Finds users by what staff have at hand: an email address, a user id, or a wallet's address."""

import re

from django.db.models import Q

from accounts.models import User

WALLET = re.compile(r"0x[0-9a-f]{40}", re.ASCII | re.IGNORECASE)
MOST = 20
LEAST_LETTERS = 3  # of an address, for a search by part of it


def user_for_payment(text: str, *, allow_unproven: bool = False) -> User:
    """A user id leaves no doubt; an address may be unproven. Raises User.DoesNotExist, UnprovenEmail."""
    text = text.strip()
    if is_id(text):
        return User.objects.get(pk=int(text))
    if not text or "\x00" in text:
        raise User.DoesNotExist(f"There is no user {text!r}.")
    return User.objects.for_payment(text, allow_unproven=allow_unproven)


def users_named(text: str) -> list[int]:
    """For searches: several may claim one address. Where nobody has it whole, whoever has it in their address."""
    text = text.strip()
    if not text or "\x00" in text:
        return []
    found = User.objects.filter(pk=int(text)) if is_id(text) else User.objects.known_as(text)
    named = list(found.order_by("pk").values_list("pk", flat=True)[:MOST])
    return named or ([] if is_id(text) else users_like(text))


def users_like(text: str) -> list[int]:
    """Ids of users with this text in their email address."""
    if len(text) < LEAST_LETTERS:
        return []
    found = User.objects.filter(Q(email__icontains=text) | Q(claimed_email__icontains=text))
    return list(found.order_by("pk").values_list("pk", flat=True)[:MOST])


def is_id(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


def is_wallet(text: str) -> bool:
    return WALLET.fullmatch(text.strip()) is not None
