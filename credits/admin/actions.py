"""Everything staff did, on one page. It is read from where each thing is recorded by itself (the ledger, the requests,
the admin's log), so nothing has to be written twice, and nothing can be left out.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from accounts.lookup import users_named
from credits.admin.filters import DaysFilter, PersonFilter
from credits.admin.lists import ReadOnlyAdmin
from credits.models import StaffAction
from credits.templatetags.money import signed_usd

KINDS = ("money", "users", "rights", "keys", "models", "prices", "unlocks", "other")


class DayFilter(DaysFilter):
    column = "at"


class ByFilter(PersonFilter):
    title, parameter_name = "person", "by"


class KindFilter(admin.SimpleListFilter):
    title = parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in KINDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StaffAction]) -> QuerySet[StaffAction]:
        return queryset.filter(kind=self.value()) if self.value() in KINDS else queryset


@admin.register(StaffAction)
class StaffActionAdmin(ReadOnlyAdmin):
    list_display = ["when", "by", "address", "kind", "about", "said", "amount"]
    list_display_links = None
    list_select_related = ["by"]
    list_filter = [DayFilter, ByFilter, KindFilter]
    keyset = ("at", "id")
    search_fields = ["object"]
    search_help_text = (
        "What it was about: a user's email, id or wallet; a model, a key, a payment reference, or a part of its name"
    )
    export_columns = ("at", "by", "address", "kind", "object_type", "object_id", "object", "what", "amount_cents")

    @admin.display(description="when (UTC)")
    def when(self, action: StaffAction) -> str:
        return f"{action.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="about")
    def about(self, action: StaffAction) -> str:
        listed = f"?object_type={action.object_type}&object_id={action.object_id}"
        return format_html('<a href="{}" title="Everything about it">{}</a>', listed, action.object)

    @admin.display(description="what")
    def said(self, action: StaffAction) -> str:
        return what(action)

    @admin.display(description="amount")
    def amount(self, action: StaffAction) -> str:
        return "" if action.amount_cents is None else signed_usd(action.amount_cents)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "What staff did"})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[StaffAction], search_term: str
    ) -> tuple[QuerySet[StaffAction], bool]:
        if not (term := search_term.strip().replace("\x00", "")):
            return queryset, False
        named = Q(object__icontains=term) | Q(what__icontains=term)
        if users := users_named(term):
            named |= Q(object_type="user", object_id__in=list(map(str, users)))
        return queryset.filter(named), False

    def export_cells(self, action: StaffAction) -> tuple[Any, ...]:
        about = (action.object_type, action.object_id, action.object, what(action))
        return (action.at, str(action.by), action.address, action.kind, *about, action.amount_cents)


def what(action: StaffAction) -> str:
    """The admin's log keeps which fields were changed as JSON."""
    if action.flag is None:
        return action.what
    entry = LogEntry(action_flag=action.flag, change_message=action.what)
    return entry.get_change_message() or {1: "Added.", 3: "Deleted."}.get(action.flag, "Changed.")
