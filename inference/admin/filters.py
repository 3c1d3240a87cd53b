"""What completions are filtered by. Nothing is asked of the big table to know what there is to choose from."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from inference.models import ChatModel, Settlement
from inference.providers import PROVIDERS

STATUSES = (400, 401, 403, 404, 429, 499, 500, 502, 503, 504)
Choices = list[tuple[str, str]]


class ColumnFilter(admin.SimpleListFilter):
    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
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
        return [(value, value) for value in Settlement.values]


class StatusFilter(admin.SimpleListFilter):
    title = parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("200", "200"), ("failed", "any failure"), *((str(status), str(status)) for status in STATUSES)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        value = self.value()
        if value == "failed":
            return queryset.exclude(status=200)
        return queryset.filter(status=int(value)) if value in dict(self.lookup_choices) else queryset


class AlertsFilter(admin.SimpleListFilter):
    title, parameter_name = "alerts", "alerts"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("any", "any")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.exclude(alerts=[]) if self.value() == "any" else queryset
