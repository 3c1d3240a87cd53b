from argparse import ArgumentParser
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import ApiKey, User
from credits import ledger


class Command(BaseCommand):
    help = "Prints a new API key, alone, on standard output; creates its user and tops up their credit if asked to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--credits", type=int, default=0, metavar="CENTS", help="credit to add, in cents")

    @transaction.atomic
    def handle(self, *, email: str, credits: int, **options: Any) -> None:
        user = _user(email)
        if credits:
            _top_up(user, credits)
        _, secret = ApiKey.issue(user=user, name="From the command line")
        self.stdout.write(secret)


def _user(email: str) -> User:
    try:
        validate_email(email)
    except ValidationError as error:
        raise CommandError(f"{email!r} is no email address.") from error
    user = User.objects.filter(email=email).first() or User.objects.create_user(email=email)
    if not user.is_active:
        raise CommandError(f"{user} is not active.")
    return user


def _top_up(user: User, cents: int) -> None:
    try:
        ledger.top_up(user=user, cents=cents, reference=f"issue-key-{uuid4()}", reason="Issued with a key", by=None)
    except ledger.UnableToPost as error:
        raise CommandError(str(error)) from error
