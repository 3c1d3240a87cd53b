from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, When
from django.http import HttpRequest

from accounts import lockout
from accounts.addresses import client_network
from accounts.hashers import Busy
from accounts.models import User

MOST_CLAIMS = 3  # of one address, that a password is tried on


class PasswordBackend(ModelBackend):
    """Email and password, behind the limits of accounts/lockout.py. A wrong one ends the matter for all backends.

    Whoever only claims the address comes first, and a hash is made for its owner whether there is one or not: from the
    time it takes nobody learns whether an address they signed up with is somebody's.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if username is None or password is None:
            return None
        email, network = username.lower()[:254].strip(), client_network(request) if request else ""
        tried = lockout.admit(email, network)
        try:
            user = matching(tried, password)
        except Busy:
            lockout.take_back(tried)  # nobody has looked at this one
            raise
        if user is None or not self.user_can_authenticate(user):
            raise PermissionDenied
        lockout.succeeded(user, tried)
        return user


def matching(tried: lockout.Try, password: str) -> User | None:
    for claim in claims(tried)[:MOST_CLAIMS]:
        if claim.check_password(password):
            return claim
    owner = None if tried.is_for_them_alone else User.objects.filter(email=tried.email).first()
    if owner is None:
        User().set_password(password)
        return None
    return owner if owner.check_password(password) else None


def claims(tried: lockout.Try) -> QuerySet[User]:
    """Whoever has signed in from here first: later ones under the same address elbow nobody out."""
    found = User.objects.claiming(tried.email)
    if tried.is_for_them_alone:
        return found.filter(pk__in=tried.at_home)
    if not tried.at_home:  # newest first already; Django writes an empty CASE as `ORDER BY 1`, a column
        return found
    return found.order_by(Case(When(pk__in=tried.at_home, then=0), default=1), "-pk")
