from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest

from conway.common.keyset_pagination import Sums
from credits.admin.filters import DaysFilter
from credits.admin.lists import ReadOnlyAdmin, is_key, of_keys, of_user
from inference.models import RefusedHour


class HourFilter(DaysFilter):
    column = "hour"


@admin.register(RefusedHour)
class RefusedHourAdmin(ReadOnlyAdmin):
    list_display = ["hour", "user", "key_shown", "status", "code", "number"]
    list_select_related = ["user", "key"]
    list_filter = [HourFilter]
    keyset = ("hour", "id")
    search_fields = ["code"]
    search_help_text = "Email address or part of one, user id, wallet address, or the beginning of an API key"
    export_columns = ("hour", "user_id", "user", "key_shown", "status", "code", "number")
    has_sums = True

    @admin.display(description="key")
    def key_shown(self, row: RefusedHour) -> str:
        return f"{row.key.prefix}…" if row.key else ""

    def sums(self, found: QuerySet[RefusedHour]) -> Sums:
        return [("Refusals", f"{found.aggregate(all=Sum('number', default=0))['all']:,}")]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[RefusedHour], search_term: str
    ) -> tuple[QuerySet[RefusedHour], bool]:
        if not (term := search_term.strip().replace("\x00", "")):
            return queryset, False
        return queryset.filter(of_keys(term, "user_id") if is_key(term) else of_user(term, "user_id")), False
