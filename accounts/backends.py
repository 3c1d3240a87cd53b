from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
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
        email, network = username.strip().lower()[:254], client_network(request) if request else ""
        lockout.admit(email, network)
        try:
            user = matching(email, password)
        except Busy:
            lockout.take_back(email, network)  # nobody has looked at this one
            raise
        if user is None or not self.user_can_authenticate(user):
            raise PermissionDenied
        lockout.succeeded(user, email, network)
        return user


def matching(email: str, password: str) -> User | None:
    for claim in User.objects.claiming(email)[:MOST_CLAIMS]:
        if claim.check_password(password):
            return claim
    owner = User.objects.filter(email=email).first()
    if owner is None:
        User().set_password(password)
        return None
    return owner if owner.check_password(password) else None
