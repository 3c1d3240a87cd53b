"""The history as CSV, in pieces: memory stays small and the first bytes come at once, however long it is."""

import csv
from collections.abc import AsyncIterator, Iterable
from datetime import UTC
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from conway.common.lending import give_back
from credits import history
from credits.models import CreditTransaction, CreditTransactionQuerySet
from credits.pages.filters import HistoryFilters

ROWS_AT_ONCE = 2_000

COLUMNS = (
    *("id", "created_at", "type", "amount_cents", "balance_after_cents", "description", "model", "receipt"),
    *("key", "reference", "refers_to", "reason"),
)


class Echo:
    """What csv writes into it comes straight back."""

    def write(self, line: str) -> str:
        return line


@require_safe
@login_required
def history_csv(request: HttpRequest) -> HttpResponseBase:
    filters = HistoryFilters(request.GET, user_id=cast(int, request.user.pk))
    if not filters.is_valid():
        return HttpResponse("These filters make no sense.", status=400, content_type="text/plain")
    headers = {"content-disposition": 'attachment; filename="conway-credits.csv"', "cache-control": "no-store"}
    found = filters.entries().select_related("key")
    return StreamingHttpResponse(lines(found), content_type="text/csv; charset=utf-8", headers=headers)


async def lines(found: CreditTransactionQuerySet) -> AsyncIterator[str]:
    """Newest first: what is booked meanwhile is newer than where we are, so nothing comes twice or is missed."""
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    cursor: int | None = None
    while True:
        page = await sync_to_async(next_page)(found, cursor)
        yield "".join(writer.writerow(cells(entry)) for entry in page.entries)
        if (cursor := page.next_cursor) is None:
            return


def next_page(found: CreditTransactionQuerySet, cursor: int | None) -> history.Page:
    """The connection goes back with it: its reader may take as long as they like over what they have got."""
    try:
        return history.page(found, limit=ROWS_AT_ONCE, cursor=cursor)
    finally:
        give_back()


def cells(entry: CreditTransaction) -> Iterable[Any]:
    numbers = (entry.amount_cents, entry.balance_after_cents)
    words = (entry.description, entry.details.get("model", ""), entry.details.get("receipt", ""))
    about = (str(entry.key or ""), entry.reference, entry.refers_to or "", entry.reason)
    moment = entry.created_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return (entry.pk, moment, entry.type, *numbers, *map(harmless, words), *map(harmless, about))


def harmless(text: str) -> str:
    """A spreadsheet runs a cell that begins like a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")) else text
