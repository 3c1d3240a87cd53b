"""Groups and what they may do: superusers alone see and change them."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangosGroupAdmin
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest

from accounts import rights
from accounts.logged import LoggedAdmin
from conway.common.generics import ModelAdmin
from conway.common.versions import VersionedAdmin, VersionedForm


class GroupForm(VersionedForm):
    class Meta:
        model = Group
        fields = ("name", "permissions")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "permissions" in self.fields:
            offered = cast("forms.ModelMultipleChoiceField[Permission]", self.fields["permissions"])
            offered.queryset = rights.with_effect()


class SuperusersOnly(ModelAdmin[Any]):
    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(SuperusersOnly, LoggedAdmin, VersionedAdmin, DjangosGroupAdmin):
    form = GroupForm
    fieldsets = ((None, {"fields": ("name", "permissions")}),)
    filter_horizontal = ()  # its two boxes have faults of accessibility
    actions = None
