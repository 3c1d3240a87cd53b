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
    found = filters.entries()
    context = {
        "filters": filters,
        "query": query_of(request.GET),
        "figures": filters.figures(),
        "is_first": not ({"before", "after"} & set(request.GET)),
        **page(found, request.GET),
    }
    return render(request, "credits/history.html", context)


def page(found: CreditTransactionQuerySet, asked: Mapping[str, str]) -> dict[str, Any]:
    """`older` and `newer` are the ids to go on from: as fast at any depth, and unmoved by what is booked meanwhile."""
    found = found.select_related("key")
    if after := number(asked.get("after")):
        return newer_page(found, after)
    turned = history.page(found, limit=ROWS, cursor=(before := number(asked.get("before"))))
    first = turned.entries[0].pk if before and turned.entries else None
    return {"entries": turned.entries, "older": turned.next_cursor, "newer": first}


def newer_page(found: CreditTransactionQuerySet, after: int) -> dict[str, Any]:
    rows: list[CreditTransaction] = list(found.filter(id__gt=after).order_by("id")[: ROWS + 1])
    entries = rows[:ROWS][::-1]
    older = entries[-1].pk if entries else after + 1
    return {"entries": entries, "older": older, "newer": entries[0].pk if len(rows) > ROWS else None}


def number(text: str | None) -> int | None:
    is_id = text is not None and text.isascii() and text.isdecimal() and 0 < int(text[:20]) <= history.GREATEST_ID
    return int(text) if text and is_id else None


def query_of(asked: QueryDict) -> str:
    """The filters alone, for links to other pages of the same rows."""
    kept = asked.copy()
    for name in OF_THE_PAGE:
        kept.pop(name, None)
    for name in [name for name, value in kept.items() if not value]:
        del kept[name]
    return kept.urlencode()
