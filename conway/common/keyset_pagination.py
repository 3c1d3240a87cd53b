"""Admin lists of any length: a page begins where the one before it ended, and nothing is counted."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest

AFTER, BEFORE = "after", "before"  # the pk of the row that the page follows, or precedes


class KeysetChangeList(ChangeList):
    model_admin: "KeysetAdmin"
    multi_page = can_show_all = show_full_result_count = False

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        """The place in the list is taken out of the query string first: another filter or search begins anew."""
        query = request.GET.copy()
        self.after, self.before = (query.pop(name, [""])[-1].replace("\x00", "") for name in (AFTER, BEFORE))
        request.GET = query  # type: ignore[assignment]  # a copy, which is not read-only
        super().__init__(request, *args)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[str | Combinable]:
        return [f"-{field}" for field in self.model_admin.keyset]

    def get_results(self, request: HttpRequest) -> None:
        place = self.place(self.before or self.after)
        is_backwards = bool(self.before and place)
        found = self.queryset.filter(beyond(place, is_backwards)) if place else self.queryset
        rows = list((found.reverse() if is_backwards else found)[: self.list_per_page + 1])
        has_more, rows = len(rows) > self.list_per_page, rows[: self.list_per_page]
        self.result_list: list[Model] = rows[::-1] if is_backwards else rows
        self.result_count = self.full_result_count = len(rows)
        self.show_admin_actions = bool(rows)
        self.is_first_page = not place
        is_last_page, is_newest = not (has_more or is_backwards), not (has_more if is_backwards else place)
        self.older = None if is_last_page or not rows else self.link(AFTER, self.result_list[-1])
        self.newer = None if is_newest or not rows else self.link(BEFORE, self.result_list[0])

    def place(self, pk: str) -> dict[str, Any] | None:
        """Where in the order the row with this pk stands; None for one that is not there."""
        if not pk:
            return None
        try:
            return self.model._default_manager.filter(pk=pk).values(*self.model_admin.keyset).first()
        except (ValueError, ValidationError):
            return None

    def link(self, way: str, row: Model) -> str:
        return f"{self.get_query_string()}&{way}={row.pk}"


def beyond(place: dict[str, Any], is_backwards: bool) -> Q:
    """Rows after this place in a descending order of one or two columns, or before it; the first one is told twice,
    so that its index is used.
    """
    way = "gt" if is_backwards else "lt"
    (first, value), *rest = place.items()
    if not rest:
        return Q(**{f"{first}__{way}": value})
    ((second, tie),) = rest
    return Q(**{f"{first}__{way}e": value}) & (
        Q(**{f"{first}__{way}": value}) | Q(**{first: value, f"{second}__{way}": tie})
    )


class KeysetAdmin(admin.ModelAdmin):
    keyset: tuple[str, ...] = (
        "pk",
    )  # one or two columns that an index has in this order, the last one unique; newest first
    ordering = ("-pk",)  # where something else lists these rows; a list of their own goes by `keyset`
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    change_list_template = "admin/keyset_change_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeysetChangeList
