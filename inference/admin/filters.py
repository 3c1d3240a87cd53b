"""What completions are filtered by. Nothing is asked of the big table to know what there is to choose from."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from inference.models import BELOW_COST, ChatModel, Completion, Settlement
from inference.reporting.daily_sales import COUNTED_HIGH
from inference.reporting.receipts import ENDINGS
from inference.upstream.providers import PROVIDERS

STATUSES = (400, 401, 403, 404, 429, 499, 500, 502, 503, 504)
BY_OUR_COUNT = "our_count"
Choices = list[tuple[str, str]]


class ColumnFilter(admin.SimpleListFilter):
    def queryset(self, request: HttpRequest, queryset: QuerySet[Completion]) -> QuerySet[Completion]:
        value = self.value()
        return queryset if value is None else queryset.filter(**{str(self.parameter_name): value.replace("\x00", "")})


class ModelFilter(ColumnFilter):
    title, parameter_name = "model", "model_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, name) for name in ChatModel.objects.values_list("name", flat=True)]

    def has_output(self) -> bool:
        return True


class ProviderFilter(ColumnFilter):
    title = parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, provider.title) for name, provider in PROVIDERS.items()]


class SettlementFilter(ColumnFilter):
    title = parameter_name = "settlement"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [*((value, value) for value in Settlement.values), (BY_OUR_COUNT, "estimated or lost")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Completion]) -> QuerySet[Completion]:
        if self.value() == BY_OUR_COUNT:
            return queryset.filter(settlement__in=COUNTED_HIGH)
        return super().queryset(request, queryset)


class EndingFilter(ColumnFilter):
    """The codes of failures are the providers' and ours: whichever the address says is shown as a choice."""

    title = parameter_name = "ending"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        chosen = request.GET.get("ending", "")
        return [(ending, ending.replace("_", " ")) for ending in dict.fromkeys([*ENDINGS, chosen]) if ending]


class StatusFilter(admin.SimpleListFilter):
    title = parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("200", "200"), ("failed", "any failure"), *((str(status), str(status)) for status in STATUSES)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Completion]) -> QuerySet[Completion]:
        value = self.value()
        if value == "failed":
            return queryset.exclude(status=200)
        return queryset.filter(status=int(value)) if value in dict(self.lookup_choices) else queryset


class AlertsFilter(admin.SimpleListFilter):
    title, parameter_name = "alerts", "alerts"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("any", "any")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Completion]) -> QuerySet[Completion]:
        return queryset.exclude(alerts=[]) if self.value() == "any" else queryset


class AtLeastFilter(admin.SimpleListFilter):
    """The least of these has an index of its own (models.py): they are few among ten million."""

    least: dict[str, str]  # value -> as it is read

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return list(self.least.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Completion]) -> QuerySet[Completion]:
        value = self.value()
        return queryset.filter(**{f"{self.parameter_name}__gte": int(value)}) if value in self.least else queryset


class ChargedFilter(AtLeastFilter):
    title, parameter_name = "charged", "charged_cents"
    least = {"100": "$1 or more", "1000": "$10 or more", "10000": "$100 or more"}


class OutputFilter(AtLeastFilter):
    title, parameter_name = "tokens out", "output_tokens"
    least = {"10000": "10,000 or more", "50000": "50,000 or more"}


class FirstByteFilter(AtLeastFilter):
    title, parameter_name = "first byte", "first_byte_ms"
    least = {"10000": "10 s or more", "60000": "1 minute or more"}


class TotalFilter(AtLeastFilter):
    title, parameter_name = "total time", "total_ms"
    least = {"120000": "2 minutes or more", "600000": "10 minutes or more"}


class MarginFilter(admin.SimpleListFilter):
    """Of the charge alone: what was given back is no column of a completion."""

    title, parameter_name = "charge", "margin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("none", "below the provider's cost")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Completion]) -> QuerySet[Completion]:
        return queryset.filter(BELOW_COST) if self.value() == "none" else queryset
