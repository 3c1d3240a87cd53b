from argparse import ArgumentParser
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.core.validators import validate_email
from django.db import transaction

from accounts import links
from accounts.lookup import is_wallet
from accounts.models import ApiKey, UnprovenEmail, User
from conway.common import commands
from credits import ledger


class Command(commands.Command):
    help = "Prints a new API key, alone, on standard output; creates its user and tops up their credit if asked to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="or the wallet address of somebody who signed in with it")
        parser.add_argument("--credits", type=int, default=0, metavar="CENTS", help="credit to add, in cents")
        parser.add_argument(
            "--reference",
            metavar="PAYMENT",
            help="the invoice or transfer that pays for it: run again with the same one, it adds credit once",
        )
        parser.add_argument(
            "--unproven", action="store_true", help="also for an address that somebody signed up with and did not prove"
        )
        parser.add_argument("--invite", action="store_true", help="mail a new user their way into the pages")

    @transaction.atomic
    def handle(
        self, *, email: str, credits: int, reference: str | None, unproven: bool, invite: bool, **options: Any
    ) -> None:
        if reference is not None and not credits:
            raise CommandError("--reference names the payment of --credits.")
        user = _user(email, unproven)
        if credits:
            _top_up(user, credits, reference)
        _, secret = ApiKey.issue(user=user, name="From the command line")
        if invite:
            _invite(user)
        self.stdout.write(secret)


def _user(named: str, allow_unproven: bool) -> User:
    """Theirs; a new one's address is given by whoever runs this, and needs no proof."""
    if not is_wallet(named):
        _check_email(named)
    try:
        user = User.objects.for_payment(named, allow_unproven=allow_unproven)
    except User.DoesNotExist as error:
        if is_wallet(named):
            raise CommandError(f"Nobody signed in with the wallet {named}.") from error
        user = User.objects.create_user(email=named)
    except UnprovenEmail as error:
        raise CommandError(f"{error} (--unproven)") from error
    if not user.is_active:
        raise CommandError(f"{user} is not active.")
    return user


def _check_email(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise CommandError(f"{email!r} is no email address.") from error


def _top_up(user: User, cents: int, payment: str | None) -> None:
    """A payment's own reference is in capitals, as the rule that books it once has it."""
    try:
        word = uuid4() if payment is None else ledger.payment_text(payment).upper()
        ledger.top_up(
            user=user,
            cents=cents,
            reference=f"issue-key-{word}",
            reason="Issued with a key",
            by=None,
            payment=payment or "",
        )
    except ledger.UnableToPost as error:
        raise CommandError(str(error)) from error


def _invite(user: User) -> None:
    try:
        links.invite(user)
    except ValueError as error:
        raise CommandError(str(error)) from error
