"""Statements of whoever is signed in: the months, one of them as a page to print, and as CSV."""

from datetime import date
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from conway.common import csv_export
from conway.common.generics import ModelForm
from credits.models import BillingDetails, CreditTransaction
from credits.pages.export import file_name
from credits.pages.filters import TYPE_TITLES
from credits.statements import MOST_ENTRIES, Statement, months, statement

COLUMNS = ("part", "date", "name", "reference", "amount_cents")


@require_safe
@login_required
def statements_page(request: HttpRequest) -> HttpResponse:
    return render(request, "credits/statements.html", {"months": months(cast(int, request.user.pk))})


@require_safe
@login_required
def statement_page(request: HttpRequest, year: int, month: int) -> HttpResponse:
    user = cast(User, request.user)
    found = of(user, year, month)
    entries = found.entries(MOST_ENTRIES + 1)
    context = {
        "statement": found,
        "entries": entries[:MOST_ENTRIES],
        "has_more": len(entries) > MOST_ENTRIES,
        "issuer": {
            "name": settings.CONWAY_ISSUER_NAME,
            "address": settings.CONWAY_ISSUER_ADDRESS,
            "tax_id": settings.CONWAY_ISSUER_TAX_ID,
        },
        "customer": BillingDetails.objects.filter(user=user).first() or BillingDetails(user=user),
    }
    return render(request, "credits/statement.html", context)


@require_safe
@login_required
def statement_csv(request: HttpRequest, year: int, month: int) -> HttpResponseBase:
    """The parts add up: opening, and whatever follows, to closing. Charges stand there by model; by key, they stand
    again in a part of their own, which adds nothing.
    """
    user = cast(User, request.user)
    found = of(user, year, month)
    name = file_name("conway statement", user, found.month, found.last_day)

    def next_piece(after: int | None) -> csv_export.Piece:
        rows = found.entries(csv_export.ROWS_AT_ONCE, after or 0)
        is_last = len(rows) < csv_export.ROWS_AT_ONCE
        head = before(found) if after is None else []
        return [*head, *map(cells, rows), *(behind(found) if is_last else [])], None if is_last else rows[-1].pk

    return csv_export.csv_answer(name, COLUMNS, next_piece)


def before(found: Statement) -> list[tuple[Any, ...]]:
    return [("opening balance", found.month, found.number, "", found.opening.balance)]


def behind(found: Statement) -> list[tuple[Any, ...]]:
    models = [("charges by model", "", name, "", -sums.charged) for name, sums in found.by_model if sums.charged]
    keys = [("of these by key", "", name, "", -sums.charged) for name, sums in found.by_key if sums.charged]
    return [*models, ("closing balance", found.last_day, found.number, "", found.closing.balance), *keys]


def cells(entry: CreditTransaction) -> tuple[Any, ...]:
    title = TYPE_TITLES[CreditTransaction.Type(entry.type)].lower()
    name = entry.reason or entry.description
    return (
        title,
        entry.created_at,
        name,
        entry.payment_reference or entry.details.get("receipt", ""),
        entry.amount_cents,
    )


def of(user: User, year: int, month: int) -> Statement:
    if not (2000 <= year <= 2999 and 1 <= month <= 12):
        raise Http404
    if (found := statement(user.pk, date(year, month, 1))) is None:
        raise Http404
    return found


class BillingDetailsForm(ModelForm[BillingDetails]):
    class Meta:
        model = BillingDetails
        fields = ("name", "address", "tax_id")
        widgets = {"address": forms.Textarea(attrs={"rows": 4})}


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def billing_details_page(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    kept = BillingDetails.objects.filter(user=user).first() or BillingDetails(user=user)
    form = BillingDetailsForm(request.POST or None, instance=kept, label_suffix="")
    if form.is_valid():
        form.save()
        messages.success(request, "Your statements carry this name and address now.")
        return redirect("statements")
    return render(request, "credits/billing_details.html", {"form": form}, status=400 if form.errors else 200)
