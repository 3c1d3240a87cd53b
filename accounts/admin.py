from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangosUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.models import ApiKey, User, WalletAddress
from conway.common.keyset_pagination import KeysetAdmin


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")
        field_classes: dict[str, type[forms.Field]] = {}


class WalletInline(admin.TabularInline):
    model = WalletAddress
    fields = readonly_fields = ("checksummed", "kind", "created_at")
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(KeysetAdmin, DjangosUserAdmin):
    add_form = NewUserForm
    inlines = (WalletInline,)
    list_display = ("display_name", "email", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name", "=id", "wallets__address")
    readonly_fields = ("date_joined", "last_login", "keys")
    fieldsets = (
        (None, {"fields": ("email", "name", "password", "keys")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Limits", {"fields": ("concurrency",)}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)
    actions = ("deactivate", "reactivate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("wallets")

    @admin.display(description="API keys")
    def keys(self, user: User) -> str:
        listed = reverse("admin:accounts_apikey_changelist")
        return format_html('<a href="{}?user__id__exact={}">Keys of this user</a>', listed, user.pk)

    @admin.action(description="Deactivate: no sign-in, no key works", permissions=["change"])
    def deactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.set_active(request, users, False)

    @admin.action(description="Reactivate", permissions=["change"])
    def reactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.set_active(request, users, True)

    def set_active(self, request: HttpRequest, users: QuerySet[User], is_active: bool) -> None:
        changed = [user for user in users if self.has_change_permission(request, user) and user.is_active != is_active]
        User.objects.filter(pk__in=[user.pk for user in changed]).update(is_active=is_active)
        word = "Reactivated" if is_active else "Deactivated"
        for user in changed:
            self.log_change(request, user, word)
        self.message_user(request, f"{word} {len(changed)} of {len(users)} users.")

    # Staff who may edit users must not be able to make themselves, or take over, a superuser.

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        out_of_reach = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not out_of_reach and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        rights = () if request.user.is_superuser else ("is_staff", "is_superuser", "groups", "user_permissions")
        return (*super().get_readonly_fields(request, obj), *rights)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(KeysetAdmin):
    list_display = ("prefix", "name", "user", "created_at", "last_used_at", "expires_at", "revoked_at", "limit_cents")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("prefix", "name", "=id", "user__email", "=user__id")
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description="Revoke, for good", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        live = list(keys.filter(revoked_at=None))
        for key in live:
            key.revoke()
            self.log_change(request, key, "Revoked")
        self.message_user(request, f"Revoked {len(live)} keys.")

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """For the list's actions; a single key is only to be read."""
        return obj is None and super().has_change_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False
