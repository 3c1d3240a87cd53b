from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.models import ApiKey
from credits.admin.filters import DaysFilter
from credits.admin.lists import ReadOnlyAdmin, names_user, of_user
from credits.templatetags.money import usd
from inference.admin import filters
from inference.admin.rebill import RebillView
from inference.models import Completion
from inference.reporting import receipts
from inference.templatetags.dollars import dollars

MOST_KEYS = 20  # that begin alike


@admin.register(Completion)
class CompletionAdmin(ReadOnlyAdmin):
    list_display = [
        "when", "short_id", "user_page", "key_shown", "model_id", "charged", "settlement", "status", "margin", "cost",
        "first_byte", "total", "tokens", "provider",
    ]  # fmt: skip
    fields = [
        "user", "key", "request_id", "model", "asked_model", "provider", "served_model", "upstream_id", "is_stream",
        "reasoning_tokens", "settlement", "ending", "status", "finish_reason", "alerts", "raw_usage", "seen",
        "admitted_at", "created_at", "first_byte_ms", "total_ms",
    ]  # fmt: skip
    list_select_related = ["user", "key"]
    list_filter = [
        DaysFilter, filters.ModelFilter, filters.ProviderFilter, filters.SettlementFilter, filters.StatusFilter,
        filters.AlertsFilter, filters.ChargedFilter, filters.MarginFilter, filters.OutputFilter,
        filters.FirstByteFilter, filters.TotalFilter,
    ]  # fmt: skip
    keyset = ("created_at", "id")
    change_list_template = "admin/inference/completion_list.html"
    search_fields = ["id"]
    search_help_text = "Completion id, email address, user id or wallet address, or the beginning of an API key; whole"
    change_form_template = "admin/inference/completion.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(RebillView.as_view(model_admin=self))
        return [path("rebill/", view, name="inference_completion_rebill"), *super().get_urls()]

    @admin.display(description="when (UTC)")
    def when(self, completion: Completion) -> str:
        return f"{completion.created_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="id")
    def short_id(self, completion: Completion) -> str:
        return format_html('<span title="{}">{}…</span>', completion.id, completion.id[:15])

    @admin.display(description="first byte, ms")
    def first_byte(self, completion: Completion) -> int | None:
        return completion.first_byte_ms

    @admin.display(description="total, ms")
    def total(self, completion: Completion) -> int | None:
        return completion.total_ms

    @admin.display(description="user")
    def user_page(self, completion: Completion) -> str:
        page = reverse("admin:credits_creditaccount_change", args=[completion.user_id])
        return format_html('<a href="{}">{}</a>', page, completion.user)

    @admin.display(description="key")
    def key_shown(self, completion: Completion) -> str:
        return f"{completion.key.prefix}…" if completion.key else ""

    @admin.display(description="tokens")
    def tokens(self, completion: Completion) -> str:
        return " · ".join(f"{bucket} {tokens:,}" for bucket, tokens in completion.buckets.items())

    @admin.display(description="provider cost")
    def cost(self, completion: Completion) -> str:
        return dollars(completion.cost_usd)

    @admin.display(description="charged")
    def charged(self, completion: Completion) -> str:
        return usd(completion.charged_cents)

    @admin.display(description="margin")
    def margin(self, completion: Completion) -> str:
        return dollars(completion.margin_cents / 100)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Completion], search_term: str
    ) -> tuple[QuerySet[Completion], bool]:
        """Each by an index: a completion by its id, a key by its user's completions."""
        if not (term := search_term.strip().replace("\x00", "")):
            return queryset, False
        if term.startswith(ApiKey.PREFIX):
            return queryset.filter(of_keys(term)), False
        if names_user(term):
            return queryset.filter(of_user(term, "user_id")), False
        return queryset.filter(pk=term.removeprefix("inference:")), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        completion = Completion.objects.select_related("price").filter(pk=object_id.replace("\x00", "")).first()
        receipt = receipts.receipt_of(completion) if completion else None
        return super().change_view(request, object_id, form_url, {"receipt": receipt})


def of_keys(secret_or_prefix: str) -> Q:
    """A whole secret that was pasted is cut to what we keep of it."""
    shown = secret_or_prefix[: len(ApiKey.PREFIX) + 5]
    found = ApiKey.objects.filter(prefix=shown).values_list("user_id", "pk")[:MOST_KEYS]
    users, keys = {user for user, _ in found}, {key for _, key in found}
    return Q(user_id__in=users, key_id__in=keys)
