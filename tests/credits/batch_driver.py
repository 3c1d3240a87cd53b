"""Users to ask for, and what of theirs the ledger sends to the database, statement by statement."""

from typing import Any

from accounts.models import User
from credits import ledger


class Sent(list[list[dict[str, Any]]]):
    """What each statement of a batch asked for; `statements` are the first words that name it."""

    def __init__(self) -> None:
        super().__init__()
        self.statements: list[str] = []


def funded(number: int, cents: int = 1000) -> list[User]:
    users = [User.objects.create_user() for _ in range(number)]
    for user in users:
        ledger.top_up(user=user, cents=cents, reference=f"batch-{user.pk}", reason="To ask with", by=None)
    return users
