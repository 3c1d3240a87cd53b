from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts import lockout
from accounts.models import User
from conway.common import commands


class Command(commands.Command):
    help = "Forgets the failed sign-ins of an account, so that its owner need not wait."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the email they sign in with, proven or not, or a wallet address")

    def handle(self, *, email: str, **options: Any) -> None:
        users = list(User.objects.known_as(email.strip().lower()))
        if not users:
            raise CommandError(f"There is no user {email!r}.")
        unlocked = sum(lockout.unlock(user) for user in users)
        self.stdout.write(f"{email}: forgot {unlocked} counts of failed sign-ins.")
