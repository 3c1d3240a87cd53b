"""Failed sign-ins, counted by django-axes per email and address."""

from math import ceil
from typing import Any

from axes.helpers import get_client_ip_address, get_cool_off
from axes.utils import reset
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from conway.common.error_pages import is_api
from conway.common.errors import ApiError


def username(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """One count for an email however it is spelled."""
    return ((credentials or request.POST).get("username") or "").strip().lower()


def forgive(request: HttpRequest, email: str) -> None:
    reset(ip=get_client_ip_address(request), username=email)


def response(request: HttpRequest, original: HttpResponse, credentials: dict[str, Any] | None) -> HttpResponse:
    seconds = ceil(get_cool_off(request).total_seconds())
    if is_api(request):
        message = "Too many failed sign-ins; try again later."
        return ApiError(429, message=message, headers={"retry-after": str(seconds)}).response()
    return render(request, "accounts/locked_out.html", {"minutes": ceil(seconds / 60)}, status=429)
