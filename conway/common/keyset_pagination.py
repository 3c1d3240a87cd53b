"""Admin lists of any length: a page begins where the one before it ended, and nothing is counted."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.html import strip_tags

from conway.common import csv_export
from conway.common.generics import ModelAdmin

AFTER, BEFORE = "after", "before"  # the pk of the row that the page follows, or precedes
SUMS_MS = 150  # what a page may wait for the sums of its list, or for rows that are rare
REACH = 10_000  # rows among which a page looks for those that are rarer than that

Sums = list[tuple[str, str]]  # what, and as it is read


class KeysetChangeList(ChangeList):
    model_admin: "KeysetAdmin"
    multi_page = can_show_all = show_full_result_count = False

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        """The place in the list is taken out of the query string first: another filter or search begins anew."""
        query = request.GET.copy()
        self.after, self.before = (query.pop(name, [""])[-1].replace("\x00", "") for name in (AFTER, BEFORE))
        request.GET = query  # type: ignore[assignment]  # a copy, which is not read-only
        super().__init__(request, *args)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str | Combinable]:
        return [f"-{field}" for field in self.model_admin.keyset]

    def get_results(self, request: HttpRequest) -> None:
        place = self.place(self.before or self.after)
        is_backwards = bool(self.before and place)
        self.is_narrowed = bool(self.query or self.has_active_filters)
        rows, self.horizon = within_reach(
            self.queryset, self.everything(request), self.model_admin.keyset, place, self.list_per_page + 1,
            is_backwards=is_backwards, is_narrowed=self.is_narrowed,
        )  # fmt: skip
        has_more, rows = len(rows) > self.list_per_page, rows[: self.list_per_page]
        if has_more:
            self.horizon = None
        self.result_list: list[Model] = rows[::-1] if is_backwards else rows
        self.result_count = self.full_result_count = len(rows)
        self.show_admin_actions = bool(rows)
        self.is_first_page = not place
        is_last_page, is_newest = not (has_more or is_backwards), not (has_more if is_backwards else place)
        self.older = None if is_last_page or not rows else self.link(AFTER, self.result_list[-1])
        self.newer = None if is_newest or not rows else self.link(BEFORE, self.result_list[0])
        self.reach = REACH
        self.beyond_horizon = self.link(BEFORE if is_backwards else AFTER, self.horizon) if self.horizon else None

    def everything(self, request: HttpRequest) -> QuerySet[Any]:
        """The list as no filter narrows it but those that say where in its order to look."""
        found = self.root_queryset.order_by(*self.get_ordering(request, self.root_queryset))
        for spec in self.filter_specs:
            if getattr(spec, "is_of_order", False):
                found = spec.queryset(request, found)  # type: ignore[assignment]  # None is only other filters' answer
        return found

    def sums(self) -> Sums | None:
        """Sums of all rows that were found; None where adding them up would keep the page waiting."""
        return in_time(lambda: self.model_admin.sums(self.queryset.order_by()))

    @property
    def export_link(self) -> str:
        return f"export/{self.get_query_string()}"

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


def within_reach(
    found: QuerySet[Any],
    everything: QuerySet[Any],
    keyset: tuple[str, ...],
    place: dict[str, Any] | None,
    number: int,
    *,
    is_backwards: bool = False,
    is_narrowed: bool = True,
) -> tuple[list[Any], Any | None]:
    """So many of the rows that were found, from this place on. Where they are so rare that the database looks for too
    long, those among the next REACH rows of everything, and the row with which these end: there a reader may go on.
    What is not narrowed is read as it is. Both are in the order of the keyset, which an index of everything has.
    """
    if place:
        found, everything = found.filter(beyond(place, is_backwards)), everything.filter(beyond(place, is_backwards))
    if is_backwards:
        found, everything = found.reverse(), everything.reverse()
    if not is_narrowed:
        return list(found[:number]), None
    if (rows := in_time(lambda: list(found[:number]))) is not None:
        return rows, None
    first, way = keyset[0], "lte" if is_backwards else "gte"
    moment = everything.values_list(first, flat=True)[REACH : REACH + 1].first()
    if moment is None:
        return list(found[:number]), None
    alike = everything.filter(**{first: moment})
    return list(found.filter(**{f"{first}__{way}": moment})[:number]), alike.reverse().first()


def in_time(ask: Callable[[], Any]) -> Any | None:
    """None if the database has not answered within SUMS_MS."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {SUMS_MS}")
            answer = ask()
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
            return answer
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "57014":  # the statement was cancelled
            raise
        return None


class KeysetAdmin(ModelAdmin[Any]):
    """Its lists may be downloaded as they are filtered; the columns are its own, or what the list shows."""

    keyset: tuple[str, ...] = (
        "pk",
    )  # one or two columns that an index has in this order, the last one unique; newest first
    ordering = ("-pk",)  # where something else lists these rows; a list of their own goes by `keyset`
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ()
    change_list_template = "admin/keyset_change_list.html"

    export_columns: tuple[str, ...] = ()
    has_sums = False

    def sums(self, found: QuerySet[Any]) -> Sums:
        return []

    def export_cells(self, row: Any) -> Sequence[Any]:
        return [self.cell(row, name) for name in self.export_columns or self.list_display]

    def cell(self, row: Any, name: Any) -> Any:
        shown = getattr(self, name, None)
        value = shown(row) if callable(shown) else getattr(row, name)
        return strip_tags(str(value)) if isinstance(value, Model) or callable(shown) else value

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", self.admin_site.admin_view(self.export), name=name), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is filtered, all of it. Newest first: what is added meanwhile is newer than where we are."""
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        parameters = request.GET.copy()
        found = self.get_changelist_instance(request).queryset

        def next_piece(place: dict[str, Any] | None) -> csv_export.Piece:
            rows = list((found.filter(beyond(place, False)) if place else found)[: csv_export.ROWS_AT_ONCE])
            is_last = len(rows) < csv_export.ROWS_AT_ONCE
            last = None if is_last else {name: getattr(rows[-1], name) for name in self.keyset}
            return map(self.export_cells, rows), last

        named = " ".join(f"{name} {value}" for name, value in parameters.items() if value)[:100]
        columns = self.export_columns or tuple(map(str, self.list_display))
        return csv_export.csv_answer(f"conway {self.opts.verbose_name_plural} {named}", columns, next_piece)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeysetChangeList
