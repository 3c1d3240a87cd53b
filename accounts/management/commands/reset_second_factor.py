from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from accounts import second_factor
from accounts.models import User
from conway.common import commands


class Command(commands.Command):
    help = "Takes the second factor away from a user who lost it, and signs them out: for the last superuser, too."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the email they sign in with, or a wallet address")

    def handle(self, *, email: str, **options: Any) -> None:
        users = [user for user in User.objects.known_as(email.strip().lower()) if second_factor.is_set_up(user)]
        if not users:
            raise CommandError(f"There is no user {email!r} with a second factor.")
        for user in users:
            second_factor.reset(user)
            self.stdout.write(f"{user}: has no second factor now, and is signed out.")
