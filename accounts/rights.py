"""Which permissions do something here. The others are not offered: a right that opens nothing only looks like one."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest

ASKED = ("view", "add", "change", "delete")


class Holder:
    """Staff with one permission and no other."""

    pk = 0
    is_active = is_staff = is_authenticated = True
    is_superuser = False

    def __init__(self, permission: str) -> None:
        self.permission = permission

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        return permission == self.permission

    def has_module_perms(self, app_label: str) -> bool:
        return self.permission.startswith(f"{app_label}.")


def with_effect() -> QuerySet[Permission]:
    """Those that, held alone, open what they are named after, and those that a model names by itself."""
    types = ContentType.objects.get_for_models(*{door.model for door in doors()}, for_concrete_models=False)
    permissions = Permission.objects.filter(content_type__in=types.values()).select_related("content_type")
    return permissions.filter(pk__in=[found.pk for found in permissions if opens(found)])


def doors() -> Iterator[Any]:
    for model_admin in admin.site._registry.values():
        yield model_admin
        yield from (inline(model_admin.model, admin.site) for inline in model_admin.inlines)


def opens(permission: Permission) -> bool:
    model = permission.content_type.model_class()
    if model is None:
        return False
    if permission.codename in dict(model._meta.permissions):
        return True
    request = HttpRequest()
    request.user = Holder(f"{permission.content_type.app_label}.{permission.codename}")  # type: ignore[assignment]  # enough of a user
    named = permission.codename.partition("_")[0]
    return any(is_open(door, named, request) for door in doors() if door.model is model)


def is_open(door: Any, named: str, request: HttpRequest) -> bool:
    """`has_change_permission` for `change_...`; an action may ask for something of its own, like `unlock`."""
    actions = [getattr(door, name) for name in getattr(door, "actions", None) or () if isinstance(name, str)]
    own = {need for action in actions for need in getattr(action, "allowed_permissions", ())}.difference(ASKED)
    return any(may(door, name, request) for name in (named, *own))


def may(door: Any, name: str, request: HttpRequest) -> bool:
    asks = getattr(door, f"has_{name}_permission")
    is_inline_add = name == "add" and isinstance(door, InlineModelAdmin)
    return bool(asks(request, None) if is_inline_add else asks(request))
