from typing import Any

from django.utils.functional import SimpleLazyObject
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import credentials
from accounts.addresses import origin
from accounts.authentication import Caller, authenticate_sync
from accounts.models import User


class HeaderAuthentication(BaseAuthentication):
    """`request.auth` is the Caller; `request.user` is fetched when it is first looked at."""

    def authenticate(self, request: Request) -> tuple[Any, Caller] | None:
        header = credentials.from_meta(request.META)
        if header is None:
            return None
        caller = authenticate_sync(header, origin(request))
        return SimpleLazyObject(lambda: User.objects.get(pk=caller.user_id)), caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
