"""The month's close: seen first, then closed for good, and taken away as CSV."""

from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts.models import User
from conway.common import csv_export
from credits import close
from credits.admin.lists import ReadOnlyAdmin
from credits.models import MonthClose
from credits.templatetags.money import usd

CASH_SHOWN = 200


@admin.register(MonthClose)
class MonthCloseAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "opening", "topped_up", "spent", "closing", "closed_by", "closed_at"]
    list_select_related = ["closed_by"]
    fields = ["closed_by", "closed_at"]
    keyset = ("month",)
    export_columns = (
        "month", "accounts", "opening_cents", "topped_up_cents", "adjusted_cents", "charged_cents", "refunded_cents",
        "written_off_cents", "closing_cents", "cost_usd", "closed_by", "closed_at",
    )  # fmt: skip
    change_list_template = "admin/credits/close_list.html"
    change_form_template = "admin/credits/close.html"

    @admin.display(description="opening")
    def opening(self, record: MonthClose) -> str:
        return usd(record.opening_cents)

    @admin.display(description="topped up")
    def topped_up(self, record: MonthClose) -> str:
        return usd(record.topped_up_cents)

    @admin.display(description="spent")
    def spent(self, record: MonthClose) -> str:
        return usd(close.closed(record).figures.spent)

    @admin.display(description="closing: owed to customers")
    def closing(self, record: MonthClose) -> str:
        return usd(record.closing_cents)

    def may_close(self, request: HttpRequest) -> bool:
        return request.user.has_perm("credits.close_month")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        month = close.next_to_close() if self.may_close(request) else None
        return super().changelist_view(request, {"next_month": month})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        record = MonthClose.objects.filter(pk=day_of(object_id)).first()
        context = {"title": f"Month {record}", **tables(close.closed(record))} if record else {}
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("close/", view(self.close_page), name="credits_monthclose_close"),
            path("<str:month>/income/", view(self.income), name="credits_monthclose_income"),
            path("<str:month>/cash/", view(self.cash), name="credits_monthclose_cash"),
            path("<str:month>/balances/", view(self.balances), name="credits_monthclose_balances"),
            *super().get_urls(),
        ]

    def close_page(self, request: HttpRequest) -> HttpResponse:
        """What it would be; then it is closed."""
        if not self.may_close(request):
            raise PermissionDenied
        month = close.next_to_close()
        if month is None:
            messages.info(request, "There are no transactions yet.")
            return redirect("admin:index")
        try:
            close.check(month)
            if request.method == "POST" and request.POST.get("month") == month.isoformat():
                record = close.close(month, by=cast(User, request.user))
                self.log_addition(request, record, f"Closed {record}")
                messages.success(request, f"The month {record} is closed.")
                return redirect("admin:credits_monthclose_change", record.pk.isoformat())
            reason = ""
        except close.NotYet as error:
            reason = str(error)
        found = close.seen(month)
        context = {
            **self.admin_site.each_context(request),
            **(tables(found) if found else {}),
            "title": f"Close the month {month:%Y-%m}",
            "opts": self.opts,
            "why_not": reason,
        }
        return TemplateResponse(request, "admin/credits/close_confirm.html", context)

    # What is taken away

    def of_month(self, request: HttpRequest, month: str) -> close.Month:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        if (record := MonthClose.objects.filter(pk=day_of(month)).first()) is None:
            raise Http404
        return close.closed(record)

    def income(self, request: HttpRequest, month: str) -> HttpResponseBase:
        found = self.of_month(request, month)
        columns = ("model", "provider", "charged_cents", "given_back_cents", "cost_usd", "income_usd")
        rows = [[getattr(line, name) for name in columns] for line in found.lines]
        return csv_export.csv_answer(f"conway income {month}", columns, lambda place: (rows, None))

    def cash(self, request: HttpRequest, month: str) -> HttpResponseBase:
        found = close.cash_in(self.of_month(request, month).month)
        columns = ("created_at", "user_id", "user", "payment_reference", "reference", "amount_cents", "made_by")

        def next_piece(after: int | None) -> csv_export.Piece:
            rows = list(found.filter(id__gt=after or 0)[: csv_export.ROWS_AT_ONCE])
            cells = [
                (row.created_at, row.account_id, str(row.account.user), row.payment_reference, row.reference,
                 row.amount_cents, str(row.made_by or ""))
                for row in rows
            ]  # fmt: skip
            return cells, rows[-1].pk if len(rows) == csv_export.ROWS_AT_ONCE else None

        return csv_export.csv_answer(f"conway cash in {month}", columns, next_piece)

    def balances(self, request: HttpRequest, month: str) -> HttpResponseBase:
        day = self.of_month(request, month).month
        columns = ("user_id", "opening_cents", "closing_cents")

        def next_piece(after: int | None) -> csv_export.Piece:
            return close.balances(day, after or 0)

        return csv_export.csv_answer(f"conway balances {month}", columns, next_piece)


def tables(found: close.Month) -> dict[str, Any]:
    cash: Iterable[Any] = list(close.cash_in(found.month)[: CASH_SHOWN + 1])
    return {"month": found, "cash": cash, "cash_shown": CASH_SHOWN}


def day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
