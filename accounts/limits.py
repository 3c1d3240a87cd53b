"""A table says how often who may do what. Counts are rows (models/attempts.py), the same for every worker."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from accounts.models import Attempts
from conway.common.errors import ApiError


@dataclass(frozen=True, slots=True)
class Limit:
    most: int
    window: timedelta
    message: str  # before "try again in …"


MINUTES = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SIGN_INS = "Too many failed sign-ins"
CODES = "Too many codes or passkeys were wrong"

LIMITS = {
    # Failed passwords. A network that the account has signed in from before knows the first of these only.
    "sign-in": Limit(10, 15 * MINUTES, SIGN_INS),  # of an account from a network
    "sign-in-network": Limit(100, 15 * MINUTES, SIGN_INS),  # of all accounts from a network
    "sign-in-account": Limit(100, HOUR, SIGN_INS),  # of an account from networks new to it
    "re-entry": Limit(10, 15 * MINUTES, "Your password was wrong too often"),  # by somebody signed in
    # Codes and passkeys that were wrong: a million codes, three of them right at any moment.
    "second-factor": Limit(10, 15 * MINUTES, CODES),  # of an account from a network
    "second-factor-account": Limit(30, HOUR, CODES),  # of an account
    # What strangers may ask for, by network; mails, by address too.
    "sign-up": Limit(20, HOUR, "Too many accounts were asked for from your network"),
    "mail": Limit(30, HOUR, "Too many mails were asked for from your network"),
    "mail-to": Limit(5, HOUR, "Too many mails were asked for this address"),
    "nonce": Limit(300, MINUTES, "Too many nonces were asked for from your network"),
    # What users may ask for.
    "sign-in-link": Limit(60, HOUR, "Too many sign-in links were asked for"),
}


class TooMany(ApiError):
    def __init__(self, limit: Limit, seconds: int) -> None:
        self.seconds = max(1, seconds)
        wait = f"{self.seconds} seconds" if self.seconds < 120 else f"{ceil(self.seconds / 60)} minutes"
        super().__init__(
            429, message=f"{limit.message}; try again in {wait}.", headers={"retry-after": str(self.seconds)}
        )


def count(kind: str, *, account: str = "", network: str = "") -> None:
    """Counts one more of this kind. Raises TooMany beyond the limit."""
    limit = LIMITS[kind]
    counted = Attempts.add(kind, limit.window, account=account, network=network)
    if counted.number > limit.most:
        raise TooMany(limit, counted.seconds_left)
