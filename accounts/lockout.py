"""Failed passwords are counted before they are tried, so that of a thousand at once ten are.

By account and network, by network, and by account over all networks that are new to it. A network from which the
account has signed in before is not concerned by the last two: a stranger elsewhere locks nobody out.

Several may go by one address: its owner, and whoever signed up with it. What one of them is let off, only their own
password is tried for, and no answer is another one for there being an owner: else a squatter would guess without end
at the owner's password, or learn that there is one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import limits
from accounts.models import Attempts, SignInPlace, User

WITH_ACCOUNT = ("sign-in", "sign-in-account", "re-entry", "second-factor", "second-factor-account")


@dataclass
class Try:
    """A password for an address, from a network, that may be looked at."""

    email: str
    network: str
    at_home: frozenset[int]  # who goes by the address and has signed in from here
    is_for_them_alone: bool = False
    undo: list[Callable[[], None]] = field(default_factory=list)

    def count(self, kind: str, **whom: str) -> None:
        self.undo.append(lambda: Attempts.take_back(kind, **whom))
        limits.count(kind, **whom)


def admit(email: str, network: str) -> Try:
    """Counts a try as a failure until it is taken back. Raises TooMany."""
    here = SignInPlace.objects.filter(goes_by(email), network=network).values_list("user_id", "user__email")
    owners = dict(here)
    tried = Try(email, network, frozenset(owners))
    if email not in owners.values():
        try:
            tried.count("sign-in-network", network=network)
            tried.count("sign-in-account", account=email)
        except limits.TooMany:
            if not owners:
                raise
            tried.is_for_them_alone = True
    tried.count("sign-in", account=email, network=network)
    return tried


def take_back(tried: Try) -> None:
    """Takes a counted try back that was no failure."""
    for undo in tried.undo:
        undo()


def succeeded(user: User, tried: Try) -> None:
    """The owner's failures from here are forgotten; whoever only claims the address may have guessed at the owner's
    password in between. The place is remembered where the sign-in is over, behind a second factor if there is one.
    """
    take_back(tried)
    if user.email == tried.email:
        Attempts.objects.filter(kind="sign-in", account=tried.email, network=tried.network).delete()


def remember(user: User, network: str) -> None:
    if network:
        SignInPlace.objects.update_or_create(user=user, network=network, defaults={"seen_at": timezone.now()})


def is_password_of(user: User, password: str) -> bool:
    """Entered again by somebody signed in, who may be no more than somebody at an open browser: as few tries as at the
    door. Raises TooMany.
    """
    account = f"user {user.pk}"
    limits.count("re-entry", account=account)
    is_theirs = user.check_password(password)
    if is_theirs:
        Attempts.objects.filter(kind="re-entry", account=account).delete()
    return is_theirs


def admit_second_factor(user: User, network: str) -> None:
    """Counts a try as a failure until `second_factor_succeeded`. Whoever tries knows the password or is signed in, so a
    network that is known is no excuse. Raises TooMany.
    """
    account = f"user {user.pk}"
    limits.count("second-factor", account=account, network=network)
    limits.count("second-factor-account", account=account)


def second_factor_succeeded(user: User, network: str) -> None:
    account = f"user {user.pk}"
    Attempts.objects.filter(kind="second-factor", account=account, network=network).delete()
    Attempts.take_back("second-factor-account", account=account)


def goes_by(email: str) -> Q:
    return Q(user__email=email) | Q(user__claimed_email=email, user__email=None)


def failures(user: User) -> QuerySet[Attempts]:
    """Under the address they sign in by. One that they claim beside it may be another's, and so may its counts."""
    names = [name for name in (user.typed_email, f"user {user.pk}") if name]
    return Attempts.objects.filter(kind__in=WITH_ACCOUNT, account__in=names, ends_at__gt=timezone.now())


def is_locked(user: User) -> bool:
    """Whether sign-ins to this account are refused from at least one network."""
    return any(row.count > limits.LIMITS[row.kind].most for row in failures(user))


def unlock(user: User) -> int:
    """Forgets the failed sign-ins of this account, wherever they came from; how many counts that were."""
    deleted, _ = failures(user).delete()
    return deleted
