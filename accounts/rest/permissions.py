from typing import Any

from django.conf import settings
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import reauthentication
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


class JustSignedIn(SignedIn):
    """The token of a sign-in of the last minutes, for what adds a way in: one that was found, or got by a refresh token
    that was found, must not outlive itself in a key.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        is_signed_in = super().has_permission(request, view)
        if isinstance(request.auth, Caller) and not reauthentication.is_fresh(request.auth.proven_at):
            message = (
                f"This needs a sign-in of the last {settings.CONWAY_STAFF_PASSWORD_MINUTES} minutes: sign in again "
                "(POST /v1/auth/token, or /v1/auth/verify with your wallet) and repeat it with the new access token."
            )
            raise ApiError(403, "fresh_sign_in_required", message)
        return is_signed_in
