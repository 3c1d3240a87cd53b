from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from accounts.models import User
from credits.admin.lists import ReadOnlyAdmin
from inference import catalog
from inference.admin.price_form import PriceForm
from inference.catalog.pricing import MARKUP, PriceSheet
from inference.models import Price
from inference.pages.price_table import BUCKET_TITLES


@dataclass(frozen=True)
class Column:
    """A tier: `prices` are (list, charged) in USD per million tokens, None where a bucket has no price of its own."""

    above: int
    prices: list[tuple[Decimal, Decimal] | None]


@dataclass(frozen=True)
class Table:
    titles: list[str]
    columns: list[Column]

    @property
    def rows(self) -> list[tuple[str, list[tuple[Decimal, Decimal] | None]]]:
        return [(title, [column.prices[place] for column in self.columns]) for place, title in enumerate(self.titles)]


def table_of(sheet: dict[str, Any]) -> Table:
    tiers = PriceSheet.of(sheet).tiers
    buckets = [bucket for bucket in BUCKET_TITLES if any(bucket in tier.prices for tier in tiers)]
    columns = [
        Column(
            tier.above,
            [(price, price * MARKUP) if (price := tier.prices.get(name)) is not None else None for name in buckets],
        )
        for tier in tiers
    ]
    return Table([BUCKET_TITLES[bucket] for bucket in buckets], columns)


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    """Rows that were charged by are never edited, and none is deleted: the one that started last is in force."""

    list_display = ["model_id", "starts_at", "listed", "charged", "source", "checked_on", "added_by"]
    list_select_related = ["added_by"]
    list_filter = ["model"]
    keyset = ("starts_at", "id")
    fields = ["model", "starts_at", "source", "checked_on", "added_by", "created_at"]
    change_form_template = "admin/inference/price.html"

    @admin.display(description="input / output, list")
    def listed(self, price: Price) -> str:
        return f"{price.sheet['input']} / {price.sheet['output']}"

    @admin.display(description="input / output, as charged")
    def charged(self, price: Price) -> str:
        return " / ".join(f"{Decimal(str(price.sheet[name])) * MARKUP:f}" for name in ("input", "output"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("inference.add_price")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        price = Price.objects.filter(pk=object_id).first() if object_id.isdecimal() and len(object_id) < 19 else None
        return super().change_view(request, object_id, form_url, {"table": table_of(price.sheet) if price else None})

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A form; then what it would charge; then it is added."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PriceForm(request.POST) if request.method == "POST" else PriceForm(initial=PriceForm.like(request.GET))
        if not form.is_bound or not form.is_valid():
            return self.page(request, "form", form)
        if "confirmed" not in request.POST:
            return self.page(request, "confirm", form)
        if (price := form.add(by=cast(User, request.user))) is None:
            return self.page(request, "form", form)
        catalog.forget()
        self.log_addition(request, price, "Added")
        messages.success(request, f"Added: {price}.")
        return redirect("admin:inference_price_change", price.pk)

    def page(self, request: HttpRequest, name: str, form: PriceForm) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "title": "Add a price", "opts": self.opts, "form": form}
        if name == "confirm":
            context["table"] = table_of(form.sheet())
        return TemplateResponse(request, f"admin/inference/price_{name}.html", context)
