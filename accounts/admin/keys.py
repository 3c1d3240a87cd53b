"""Keys of users: staff change what one may do, never whose it is."""

from ipaddress import ip_network
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from accounts.logged import LoggedAdmin
from accounts.models import ApiKey
from conway.common.dollars import DollarsField
from conway.common.keyset_pagination import KeysetAdmin
from conway.common.versions import VersionedAdmin, VersionedForm

LAST_USE = ("last_used_at", "last_used_address", "last_used_agent")
KEY_LIMITS = (
    "name", "scope", "limit_cents", "limit_period", "requests_per_minute", "concurrency", "expires_at",
    "allowed_models", "allowed_addresses",
)  # fmt: skip
KEY_SWITCHES = ("usage_in_streams", "cache_marks")


class ApiKeyForm(VersionedForm):
    unversioned = LAST_USE

    limit_cents = DollarsField(required=False, label="Spend at most", help_text="In dollars; empty: no limit.")
    is_paused = forms.BooleanField(
        required=False, label="Paused", help_text="Refused until its owner or staff resume it."
    )

    class Meta:
        model = ApiKey
        fields = (*KEY_LIMITS, *KEY_SWITCHES)
        help_texts = {
            "allowed_models": "Their names, with commas between them; empty: all.",
            "allowed_addresses": "Addresses or networks, with commas between them; empty: all.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["is_paused"] = self.instance.paused_at is not None

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if "is_paused" in self.cleaned_data:
            self.instance.paused_at = (self.instance.paused_at or now()) if self.cleaned_data["is_paused"] else None
        return cleaned

    def clean_allowed_addresses(self) -> list[str] | None:
        written = self.cleaned_data["allowed_addresses"] or ()
        try:
            return sorted({str(ip_network(text.strip(), strict=False)) for text in written}) or None
        except ValueError as error:
            raise forms.ValidationError(f"This is no address or network: {error}") from error

    def clean_allowed_models(self) -> list[str] | None:
        return sorted(set(self.cleaned_data["allowed_models"] or ())) or None

    def clean_limit_period(self) -> str | None:
        return self.cleaned_data["limit_period"] or None


@admin.register(ApiKey)
class ApiKeyAdmin(LoggedAdmin, VersionedAdmin, KeysetAdmin):
    """Staff change what a key may do, never whose it is; its secret is known to nobody."""

    form = ApiKeyForm
    list_display = ("prefix", "name", "user", "created_at", "last_used_at", "expires_at", "revoked_at", "limit_cents")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("prefix", "name", "=id", "user__email", "user__claimed_email", "=user__id")
    readonly_fields = ("user", "prefix", "created_at", *LAST_USE, "revoked_at")
    fieldsets = (
        (None, {"fields": ("user", "prefix", "name")}),
        ("Limits", {"fields": ("is_paused", *KEY_LIMITS[1:])}),
        ("Requests", {"fields": KEY_SWITCHES}),
        ("Dates", {"fields": ("created_at", *LAST_USE, "revoked_at")}),
    )
    actions = ("revoke",)

    @admin.action(description="Revoke, for good", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        live = list(keys.filter(revoked_at=None))
        for key in live:
            key.revoke()
            self.log_change(request, key, "Revoked")
        self.message_user(request, f"Revoked {len(live)} key{'s' * (len(live) != 1)}.")

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A revoked key is only to be read."""
        return (obj is None or obj.revoked_at is None) and super().has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False
