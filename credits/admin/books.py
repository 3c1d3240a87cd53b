from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Now
from django.http import HttpRequest

from conway.common.keyset_pagination import Sums
from credits.admin.lists import ReadOnlyAdmin
from credits.models import AuditRun, Hold
from credits.templatetags.money import usd

LONG_OPEN = timedelta(minutes=10)


class AgeFilter(admin.SimpleListFilter):
    title, parameter_name = "age", "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("long", "more than ten minutes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Hold]) -> QuerySet[Hold]:
        return queryset.filter(admitted_at__lt=Now() - LONG_OPEN) if self.value() == "long" else queryset


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ["completion_id", "account_id", "held", "admitted_at", "process", "beat"]
    list_filter = [AgeFilter]
    has_sums = True
    export_columns = ("completion_id", "account_id", "cents", "admitted_at", "process", "beat")
    fields = ["completion_id", "account", "key", "cents", "admitted_at", "process", "beat", "details"]
    search_fields = ["completion_id"]
    keyset = ("admitted_at", "pk")

    @admin.display(description="held")
    def held(self, hold: Hold) -> str:
        return usd(hold.cents)

    def sums(self, found: QuerySet[Hold]) -> Sums:
        sums = found.aggregate(rows=Count("pk"), cents=Sum("cents", default=0))
        return [("Holds", f"{sums['rows']:,}"), ("Held", usd(sums["cents"]))]


@admin.register(AuditRun)
class AuditRunAdmin(ReadOnlyAdmin):
    list_display = ["finished_at", "accounts", "faults"]
