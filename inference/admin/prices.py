from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.timezone import now

from accounts.models import User
from credits.admin.lists import ReadOnlyAdmin
from inference import catalog
from inference.admin.price_form import PriceForm
from inference.catalog.pricing import MARKUP, PriceSheet
from inference.catalog.snapshot import NOTICE
from inference.models import Price
from inference.pages.price_table import BUCKET_TITLES

FACTOR = 2  # of a price to the one before it, at which the change is shown as a warning


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


@dataclass(frozen=True)
class Change:
    """What one bucket of a tier costs now and will cost, listed USD per million tokens; None where it has no price."""

    title: str
    now: Decimal | None
    new: Decimal | None

    @property
    def percent(self) -> str:
        if not self.now or self.new is None:
            return ""
        tenths = round((self.new / self.now - 1) * 1000)
        return f"{'−' if tenths < 0 else '+'}{abs(tenths) // 10:,}.{abs(tenths) % 10} %" if tenths else "none"

    @property
    def charged(self) -> Decimal | None:
        return None if self.new is None else self.new * MARKUP

    @property
    def is_large(self) -> bool:
        """Half or double, or more: most often a slip of the finger."""
        if self.now is None or self.new is None:
            return self.now is not self.new
        return self.new >= FACTOR * self.now or self.now >= FACTOR * self.new


def changes(before: dict[str, Any] | None, after: dict[str, Any]) -> list[Change]:
    """Every bucket of every tier that either sheet prices."""
    old, new = ({} if sheet is None else priced(sheet) for sheet in (before, after))
    return [Change(title_of(*place), old.get(place), new.get(place)) for place in sorted({*old, *new}, key=order)]


def priced(sheet: dict[str, Any]) -> dict[tuple[int, str], Decimal]:
    return {(tier.above, name): price for tier in PriceSheet.of(sheet).tiers for name, price in tier.prices.items()}


def order(place: tuple[int, str]) -> tuple[int, int]:
    return place[0], list(BUCKET_TITLES).index(place[1])


def title_of(above: int, bucket: str) -> str:
    return f"{BUCKET_TITLES[bucket]}, prompts above {above:,}" if above else BUCKET_TITLES[bucket]


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
        context = {
            "table": table_of(price.sheet) if price else None,
            "can_withdraw": price is not None and self.can_withdraw(request, price),
        }
        return super().change_view(request, object_id, form_url, context)

    def can_withdraw(self, request: HttpRequest, price: Price) -> bool:
        """Until every process may know that it starts; the database has the last word."""
        return self.has_add_permission(request) and price.starts_at > now() + NOTICE

    def get_urls(self) -> list[URLPattern]:
        withdraw = self.admin_site.admin_view(self.withdraw)
        return [path("<int:price_id>/withdraw/", withdraw, name="inference_price_withdraw"), *super().get_urls()]

    def withdraw(self, request: HttpRequest, price_id: int) -> HttpResponse:
        if request.method != "POST" or not self.has_add_permission(request):
            raise PermissionDenied
        price = get_object_or_404(Price, pk=price_id)
        try:
            with transaction.atomic():
                price.delete()
        except IntegrityError:
            messages.error(request, "It has started, or starts in a minute: add a price that replaces it.")
            return redirect("admin:inference_price_change", price_id)
        catalog.forget()
        price.pk = price_id  # for the log, which names what is gone
        self.log_deletions(request, [price])  # type: ignore[arg-type]  # it only walks through them
        messages.success(request, f"Withdrawn: {price}. What was in force stays in force.")
        return redirect("admin:inference_chatmodel_change", price.model_id)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A form; then what it would charge; then it is added."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = PriceForm(request.POST) if request.method == "POST" else PriceForm(initial=PriceForm.like(request.GET))
        if not form.is_bound or not form.is_valid():
            return self.page(request, "form", form)
        if "confirmed" not in request.POST or not form.is_typed():
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
            before = form.before.sheet if form.before else None
            context |= {"table": table_of(form.sheet()), "changes": changes(before, form.sheet())}
        return TemplateResponse(request, f"admin/inference/price_{name}.html", context)
