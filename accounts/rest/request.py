from rest_framework.request import Request

from accounts.authentication import Caller
from accounts.models import User


class ApiRequest(Request):
    """What a view behind KnownCaller or SignedIn gets; only its types are new."""

    auth: Caller
    user: User
