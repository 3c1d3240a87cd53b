from collections.abc import Mapping
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from credits import history
from credits.models import CreditTransaction, CreditTransactionQuerySet
from credits.pages.filters import HistoryFilters

ROWS = 50
OF_THE_PAGE = ("before", "after")  # what an address says beside the filters


@require_safe
@login_required
def history_page(request: HttpRequest) -> HttpResponse:
    filters = HistoryFilters(request.GET, user_id=cast(int, request.user.pk))
    entries = filters.entries()
    context = {
        "filters": filters,
        "query": query_of(request.GET),
        "figures": filters.figures(),
        "is_first": not ({"before", "after"} & set(request.GET)),
        **page(entries, request.GET),
    }
    return render(request, "credits/history.html", context)


def page(entries: CreditTransactionQuerySet, query: Mapping[str, str]) -> dict[str, Any]:
    """`older` and `newer` are the ids to go on from: as fast at any depth, and unmoved by what is booked meanwhile."""
    entries = entries.select_related("key")
    if after := number(query.get("after")):
        return newer_page(entries, after)
    rows = history.page(entries, limit=ROWS, cursor=(before := number(query.get("before"))))
    first = rows.entries[0].pk if before and rows.entries else None
    return {"entries": rows.entries, "older": rows.next_cursor, "newer": first}


def newer_page(matching: CreditTransactionQuerySet, after: int) -> dict[str, Any]:
    rows: list[CreditTransaction] = list(matching.filter(id__gt=after).order_by("id")[: ROWS + 1])
    entries = rows[:ROWS][::-1]
    older = entries[-1].pk if entries else after + 1
    return {"entries": entries, "older": older, "newer": entries[0].pk if len(rows) > ROWS else None}


def number(text: str | None) -> int | None:
    is_id = text is not None and text.isascii() and text.isdecimal() and 0 < int(text[:20]) <= history.GREATEST_ID
    return int(text) if text and is_id else None


def query_of(query: QueryDict) -> str:
    """The filters alone, for links to other pages of the same rows."""
    filters = query.copy()
    for name in OF_THE_PAGE:
        filters.pop(name, None)
    for name in [name for name, value in filters.items() if not value]:
        del filters[name]
    return filters.urlencode()
