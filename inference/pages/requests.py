"""Every request of whoever is signed in: charged, free, failed; refused ones are only counted, by hour."""

from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import ApiKey, User
from conway.common import csv_export
from conway.common.clock import midnight
from conway.common.keyset_pagination import REACH, beyond, within_reach
from credits.figures import database_now
from credits.history_facets import used_keys, used_models
from credits.pages.export import file_name
from credits.pages.filters import Day
from credits.pages.history import query_of
from inference.models import FAILED, Completion, RefusedHour

ROWS = 50
KEYSET = ("created_at", "id")
HOURS = 48
DAYS = timedelta(days=29)  # and the day it is
OUTCOMES = {
    "charged": Q(charged_cents__gt=0),
    "free": Q(charged_cents=0),
    "failed": FAILED | ~Q(status=200),
}
COLUMNS = (
    "created_at", "request_id", "receipt", "model", "key", "status", "ending", "settlement", "first_byte_ms",
    "total_ms", "tokens_in", "tokens_out", "cost_usd", "charged_cents",
)  # fmt: skip


class RequestFilters(forms.Form):
    """The last 30 days, unless others are asked for: a rare model is not looked for in years of requests."""

    model = forms.ChoiceField(required=False)
    key = forms.ModelChoiceField(required=False, queryset=ApiKey.objects.none(), empty_label="All keys")
    outcome = forms.ChoiceField(required=False, choices=[("", "All"), *((name, name) for name in OUTCOMES)])
    since = forms.DateField(required=False, label="From", widget=Day)
    until = forms.DateField(required=False, label="Until", widget=Day)
    id = forms.CharField(required=False, label="Request or receipt id", max_length=100)

    def __init__(self, *args: Any, user: User, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.user, self.today = user, today
        models, keys = self.fields["model"], self.fields["key"]
        assert isinstance(models, forms.ChoiceField) and isinstance(keys, forms.ModelChoiceField)
        models.choices = [("", "All models"), *((name, name) for name in used_models(user.pk))]
        keys.queryset = ApiKey.objects.filter(user=user, pk__in=used_keys(user.pk)).order_by("-pk")

    @property
    def first_day(self) -> date:
        return self.cleaned_data["since"] or (self.cleaned_data["until"] or self.today) - DAYS

    def completions(self) -> QuerySet[Completion]:
        """Newest first. None where a filter makes no sense: the page says which."""
        found = Completion.objects.filter(user=self.user).select_related("key").order_by("-created_at", "-id")
        if not self.is_valid():
            return found.none()
        fields = self.cleaned_data
        if named := fields["id"].strip().replace("\x00", ""):
            return found.filter(Q(request_id=named) | Q(pk=named))
        found = self.everything()
        if fields["model"]:
            found = found.filter(model=fields["model"])
        if fields["key"]:
            found = found.filter(key=fields["key"])
        return found.filter(OUTCOMES[fields["outcome"]]) if fields["outcome"] else found

    @property
    def are_narrow(self) -> bool:
        return self.is_valid() and any(self.cleaned_data[name] for name in ("model", "key", "outcome"))

    def everything(self) -> QuerySet[Completion]:
        """Of the days that are asked for."""
        found = Completion.objects.filter(user=self.user).select_related("key").order_by("-created_at", "-id")
        if not self.is_valid():
            return found.none()
        found, until = found.filter(created_at__gte=midnight(self.first_day)), self.cleaned_data["until"]
        return found.filter(created_at__lt=midnight(until) + timedelta(days=1)) if until else found

    def refusals(self) -> QuerySet[RefusedHour]:
        found = RefusedHour.objects.filter(user=self.user).select_related("key").order_by("-hour", "status", "code")
        if not self.is_valid():
            return found.none()
        found = found.filter(hour__gte=midnight(self.first_day))
        until = self.cleaned_data["until"]
        return found.filter(hour__lt=midnight(until) + timedelta(days=1)) if until else found


@require_safe
@login_required
def requests_page(request: HttpRequest) -> HttpResponse:
    filters = filters_of(request)
    found = filters.completions()
    place = place_of(request.GET.get("after", ""), filters.user)
    rows, horizon = within_reach(found, filters.everything(), KEYSET, place, ROWS + 1, is_narrowed=filters.are_narrow)
    context = {
        "filters": filters,
        "query": query_of(request.GET),
        "completions": rows[:ROWS],
        "older": rows[ROWS - 1].pk if len(rows) > ROWS else None,
        "horizon": horizon if len(rows) <= ROWS else None,
        "reach": REACH,
        "is_first": place is None,
        "refusals": list(filters.refusals()[:HOURS]),
    }
    return render(request, "inference/requests.html", context)


@require_safe
@login_required
def requests_csv(request: HttpRequest) -> HttpResponseBase:
    filters = filters_of(request)
    found = filters.completions()
    if not filters.is_valid():
        return HttpResponse("One of these filters cannot be read.", status=400, content_type="text/plain")

    def next_piece(place: dict[str, Any] | None) -> csv_export.Piece:
        rows = list((found.filter(beyond(place, False)) if place else found)[: csv_export.ROWS_AT_ONCE])
        is_last = len(rows) < csv_export.ROWS_AT_ONCE
        return map(cells, rows), None if is_last else {"created_at": rows[-1].created_at, "id": rows[-1].pk}

    name = file_name("conway requests", filters.user, filters.first_day, filters.cleaned_data["until"])
    return csv_export.csv_answer(name, COLUMNS, next_piece)


def cells(row: Completion) -> tuple[Any, ...]:
    return (
        row.created_at, row.request_id, row.pk, row.model_id, str(row.key or ""), row.status, row.ending,
        row.settlement, row.first_byte_ms, row.total_ms, row.prompt_tokens, row.output_tokens,
        format(row.cost_usd.normalize(), "f"), row.charged_cents,
    )  # fmt: skip


def filters_of(request: HttpRequest) -> RequestFilters:
    return RequestFilters(request.GET, user=cast(User, request.user), today=database_now().date())


def place_of(completion_id: str, user: User) -> dict[str, Any] | None:
    known = Completion.objects.filter(pk=completion_id.replace("\x00", ""), user=user)
    row = known.first() if completion_id else None
    return None if row is None else {"created_at": row.created_at, "id": row.pk}
