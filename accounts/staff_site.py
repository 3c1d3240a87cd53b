"""The admin's door: it has no sign-in of its own, and asks for a second factor where the settings say so."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import reauthentication


class StaffSite(AdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not reauthentication.is_second_factor_missing(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Never asks for a password: there is one page that does, with its limits and its second step."""
        then = wanted(request)
        if self.has_permission(request):
            return redirect(then)
        if not request.user.is_authenticated:
            return redirect(f"{reverse('sign-in')}?{urlencode({'next': then})}")
        if not super().has_permission(request):
            raise PermissionDenied
        return redirect(f"{reverse('confirm')}?{urlencode({'next': then, 'for': 'staff'})}")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The one page that counts wrong passwords, and tells what ends with the old one."""
        return redirect("password_change")


def wanted(request: HttpRequest) -> str:
    then = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(then, {request.get_host()}, require_https=request.is_secure())
    return then if is_ours and not then.startswith(reverse("admin:login")) else reverse("admin:index")
