"""What staff do in the admin is logged by Django; from which address, is kept beside it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_permission_codename
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts.addresses import client_address
from accounts.models import StaffAddress
from conway.common.generics import ModelAdmin

# Django's own scripts of a form. Those of slugs are left out, since no form here fills one in and their alphabets are
# three times as long as all the rest; actions.js too, which the template of lists adds where there is an action.
SCRIPTS = ("vendor/jquery/jquery.min", "jquery.init", "core")
POPUPS = "admin/RelatedObjectLookups"  # of a form that lets one add what it names


class LoggedAdmin(ModelAdmin[Any]):
    has_popups = False

    @property
    def media(self) -> forms.Media:
        return forms.Media(js=[f"admin/js/{name}.js" for name in (*SCRIPTS, *[POPUPS] * self.has_popups)])

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        return keep_address(request, [super().log_addition(request, obj, message)])[0]

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        return keep_address(request, [super().log_change(request, obj, message)])[0]

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[LogEntry]:
        return keep_address(request, super().log_deletions(request, queryset))


class Unchangeable:
    """For an admin or an inline whose rows are only read: a right to change them opens nothing, not even a look."""

    opts: Any

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('view', self.opts)}")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def keep_address(request: HttpRequest, entries: Iterable[LogEntry]) -> list[LogEntry]:
    entries = list(entries)
    if address := client_address(request):
        StaffAddress.objects.bulk_create([StaffAddress(entry=entry, address=address) for entry in entries])
    return entries
