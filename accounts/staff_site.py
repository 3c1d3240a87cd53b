"""The admin's door: it has no sign-in of its own, and asks for a second factor where the settings say so."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import reauthentication, saved_filters


class StaffSite(AdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not reauthentication.is_second_factor_missing(request)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        views = (saved_filters.save, saved_filters.remove)
        save, remove = (self.admin_view(partial(view, site=self)) for view in views)
        kept = [
            path("filters/", save, name="save_filter"),
            path("filters/<int:pk>/remove/", remove, name="remove_filter"),
        ]
        return [*kept, *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """The filters that somebody keeps are asked for by the lists alone."""
        return {**super().each_context(request), "saved_filters": partial(saved_filters.of_page, request)}

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
