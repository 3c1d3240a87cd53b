"""Failed passwords are counted before they are tried, so that of a thousand at once ten are.

By account and network, by network, and by account over all networks that are new to it. A network from which the
account has signed in before is not concerned by the last two: a stranger elsewhere locks nobody out.
"""

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import limits
from accounts.models import Attempts, SignInPlace, User

WITH_ACCOUNT = ("sign-in", "sign-in-account", "re-entry", "second-factor", "second-factor-account")


def admit(email: str, network: str) -> None:
    """Counts a try as a failure until `succeeded` takes it back. Raises TooMany."""
    if not is_known(email, network):
        limits.count("sign-in-network", network=network)
        limits.count("sign-in-account", account=email)
    limits.count("sign-in", account=email, network=network)


def succeeded(user: User, email: str, network: str) -> None:
    """Forgets the failures from here, and remembers the place."""
    take_back(email, network)
    Attempts.objects.filter(kind="sign-in", account=email, network=network).delete()
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


def take_back(email: str, network: str) -> None:
    """What `admit` counted was no failure."""
    Attempts.take_back("sign-in", account=email, network=network)
    if not is_known(email, network):
        Attempts.take_back("sign-in-network", network=network)
        Attempts.take_back("sign-in-account", account=email)


def is_known(email: str, network: str) -> bool:
    return SignInPlace.objects.filter(owners(email), network=network).exists()


def owners(email: str) -> Q:
    return Q(user__email=email) | Q(user__claimed_email=email, user__email=None)


def failures(user: User) -> QuerySet[Attempts]:
    names = [name for name in (user.email, user.claimed_email, f"user {user.pk}") if name]
    return Attempts.objects.filter(kind__in=WITH_ACCOUNT, account__in=names, ends_at__gt=timezone.now())


def is_locked(user: User) -> bool:
    """From somewhere at least."""
    return any(row.count > limits.LIMITS[row.kind].most for row in failures(user))


def unlock(user: User) -> int:
    """Forgets the failed sign-ins of this account, wherever they came from; how many counts that were."""
    deleted, _ = failures(user).delete()
    return deleted
