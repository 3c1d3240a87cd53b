from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.authentication import Caller
from conway.common.errors import ApiError


class KnownCaller(BasePermission):
    """A good key or access token; without one REST framework answers 401. A key for inference alone is not enough for
    what is asked here: the account and its credits.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.auth, Caller) and request.auth.scope != "account":
            raise ApiError(403, "scope_required", "This key is for inference only; it may not read the account.")
        return request.auth is not None


class SignedIn(KnownCaller):
    """An access token. A key is not enough: it could make itself a key without its own limits."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if isinstance(request.auth, Caller) and request.auth.key_id is not None:
            raise ApiError(403, "access_token_required", "This needs an access token; an API key is not enough.")
        return super().has_permission(request, view)
