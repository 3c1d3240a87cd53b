"""Everything staff did, on one page. It is read from where each thing is recorded by itself (the ledger, the requests,
the admin's log), so nothing has to be written twice, and nothing can be left out.
"""

import csv
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from accounts.lookup import users_named
from conway.common.keyset_pagination import beyond
from conway.common.lending import give_back
from credits.admin.filters import DaysFilter, PersonFilter
from credits.admin.lists import ReadOnlyAdmin
from credits.models import StaffAction
from credits.pages.export import ROWS_AT_ONCE, Echo, harmless
from credits.templatetags.money import signed_usd

KINDS = ("money", "users", "rights", "keys", "models", "prices", "unlocks", "other")
COLUMNS = ("at", "by", "address", "kind", "object_type", "object_id", "object", "what", "amount_cents")


class DayFilter(DaysFilter):
    column = "at"


class ByFilter(PersonFilter):
    title, parameter_name = "person", "by"


class KindFilter(admin.SimpleListFilter):
    title = parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in KINDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
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
    change_list_template = "admin/credits/action_list.html"

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

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if not (term := search_term.strip().replace("\x00", "")):
            return queryset, False
        named = Q(object__icontains=term) | Q(what__icontains=term)
        if users := users_named(term):
            named |= Q(object_type="user", object_id__in=list(map(str, users)))
        return queryset.filter(named), False

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export)
        return [path("export/", export, name="credits_staffaction_export"), *super().get_urls()]

    @method_decorator(require_safe)
    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is filtered, all of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_changelist_instance(request).queryset
        headers = {"content-disposition": 'attachment; filename="conway-staff.csv"', "cache-control": "no-store"}
        return StreamingHttpResponse(lines(found), content_type="text/csv; charset=utf-8", headers=headers)


async def lines(found: QuerySet[StaffAction]) -> AsyncIterator[str]:
    """In pieces, newest first: what is done meanwhile is newer than where we are."""
    writer, rest = csv.writer(Echo()), found
    yield writer.writerow(COLUMNS)
    while rows := await sync_to_async(piece)(rest):
        yield "".join(writer.writerow(cells(row)) for row in rows)
        rest = found.filter(beyond({"at": rows[-1].at, "id": rows[-1].id}, is_backwards=False))


def piece(rest: QuerySet[StaffAction]) -> list[StaffAction]:
    """The connection goes back with it: its reader may take as long as they like over what they have got."""
    try:
        return list(rest[:ROWS_AT_ONCE])
    finally:
        give_back()


def cells(action: StaffAction) -> tuple[Any, ...]:
    moment = action.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    words = (action.object_type, action.object_id, action.object, what(action))
    cents = "" if action.amount_cents is None else action.amount_cents
    return (moment, harmless(str(action.by)), action.address or "", action.kind, *map(harmless, words), cents)


def what(action: StaffAction) -> str:
    """The admin's log keeps which fields were changed as JSON."""
    if action.flag is None:
        return action.what
    entry = LogEntry(action_flag=action.flag, change_message=action.what)
    return entry.get_change_message() or {1: "Added.", 3: "Deleted."}.get(action.flag, "Changed.")
