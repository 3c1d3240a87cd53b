"""The history as CSV: the filters of the page, every row, and a name that says whose and of which days it is."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.models import User
from conway.common import csv_export
from credits import history
from credits.models import CreditTransaction, CreditTransactionQuerySet
from credits.pages.filters import HistoryFilters

COLUMNS = (
    *("id", "created_at", "type", "amount_cents", "balance_after_cents", "description", "model", "receipt"),
    *("key", "reference", "refers_to", "reason", "tokens_in", "tokens_out", "cost_usd", "settlement"),
)


@require_safe
@login_required
def history_csv(request: HttpRequest) -> HttpResponseBase:
    user = cast(User, request.user)
    filters = HistoryFilters(request.GET, user_id=user.pk)
    if not filters.is_valid():
        return HttpResponse("One of these filters cannot be read.", status=400, content_type="text/plain")
    found = filters.entries().select_related("key")
    period = filters.filters
    return csv_export.csv_answer(file_name("conway credits", user, period.since, period.until), COLUMNS, pieces(found))


def file_name(what: str, user: User, since: Any, until: Any) -> str:
    whose = (user.email or "").replace("@", " at ").replace(".", " ") or f"account {user.pk}"
    days = f"from {since or 'the beginning'} to {until or 'now'}" if since or until else "all"
    return f"{what} {whose} {days}"


def pieces(found: CreditTransactionQuerySet) -> Any:
    """Newest first: what is booked meanwhile is newer than where we are, so nothing comes twice or is missed."""

    def next_piece(cursor: int | None) -> csv_export.Piece:
        page = history.page(found, limit=csv_export.ROWS_AT_ONCE, cursor=cursor)
        return map(cells, page.entries), page.next_cursor

    return next_piece


def cells(entry: CreditTransaction) -> tuple[Any, ...]:
    """Tokens and cost stand with the charge; what was booked because of it repeats them nowhere."""
    details = entry.details
    is_charge = entry.type == CreditTransaction.Type.INFERENCE
    tokens = details.get("tokens", {}) if is_charge else {}
    tokens_in = sum(number for bucket, number in tokens.items() if bucket != "output")
    return (
        *(entry.pk, entry.created_at, entry.type, entry.amount_cents, entry.balance_after_cents, entry.description),
        *(details.get("model", ""), details.get("receipt", ""), str(entry.key or ""), entry.reference, entry.refers_to),
        *(entry.reason, tokens_in if tokens else "", tokens.get("output", "")),
        *(details.get("cost_usd", "") if is_charge else "", details.get("settlement", "")),
    )
