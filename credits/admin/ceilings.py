from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.groups import SuperusersOnly
from accounts.logged import LoggedAdmin
from accounts.models import User
from conway.common.dollars import DollarsField
from conway.common.versions import VersionedAdmin, VersionedForm
from credits import ledger
from credits.models import StaffCeiling
from credits.templatetags.money import usd


class CeilingForm(VersionedForm):
    booking_cents = DollarsField(
        label="At once, in dollars", least_cents=0, most_cents=ledger.CENTS_MAX, help_text="More needs a second person."
    )
    day_cents = DollarsField(
        label="In a day (UTC), in dollars",
        least_cents=0,
        most_cents=ledger.CENTS_MAX,
        help_text="Everything they book together; more needs a second person.",
    )

    class Meta:
        model = StaffCeiling
        fields = ("user", "booking_cents", "day_cents")


@admin.register(StaffCeiling)
class StaffCeilingAdmin(SuperusersOnly, LoggedAdmin, VersionedAdmin):
    """Ceilings of people for whom the settings' are too low, or too high. Nobody sets their own."""

    form = CeilingForm
    has_popups = True
    list_display = ["user", "at_once", "in_a_day"]
    list_select_related = ["user"]
    fieldsets = [(None, {"fields": ["user", "booking_cents", "day_cents"]})]
    actions = None

    @admin.display(description="at once")
    def at_once(self, ceiling: StaffCeiling) -> str:
        return usd(ceiling.booking_cents)

    @admin.display(description="in a day")
    def in_a_day(self, ceiling: StaffCeiling) -> str:
        return usd(ceiling.day_cents)

    def get_readonly_fields(self, request: HttpRequest, obj: StaffCeiling | None = None) -> list[str]:
        return ["user"] if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        colleagues = User.objects.filter(is_staff=True).exclude(pk=cast(User, request.user).pk)
        return super().formfield_for_foreignkey(db_field, request, **{**kwargs, "queryset": colleagues})

    def has_change_permission(self, request: HttpRequest, obj: StaffCeiling | None = None) -> bool:
        return super().has_change_permission(request, obj) and not is_own(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: StaffCeiling | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not is_own(request, obj)


def is_own(request: HttpRequest, ceiling: StaffCeiling | None) -> bool:
    return ceiling is not None and ceiling.pk == request.user.pk
