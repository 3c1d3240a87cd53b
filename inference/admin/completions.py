from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from accounts.lookup import users_like
from conway.common.errors import REQUEST_ID
from conway.common.keyset_pagination import Sums
from credits.admin.filters import DaysFilter
from credits.admin.lists import ReadOnlyAdmin, is_key, names_user, of_keys, of_user
from credits.templatetags.money import usd
from inference.admin import filters
from inference.admin.find import find
from inference.admin.incidents import IncidentView
from inference.admin.rebill import RebillView
from inference.models import Completion
from inference.reporting import receipts
from inference.reporting.margin import margin_cents, with_paid
from inference.templatetags.dollars import dollars


@admin.register(Completion)
class CompletionAdmin(ReadOnlyAdmin):
    list_display = [
        "when", "short_id", "user_page", "model_id", "settlement", "status", "charged", "margin", "tokens",
    ]  # fmt: skip
    fields = [
        "user", "key", "request_id", "model", "asked_model", "provider", "served_model", "upstream_id", "is_stream",
        "reasoning_tokens", "settlement", "ending", "status", "finish_reason", "alerts", "raw_usage", "seen",
        "admitted_at", "created_at", "first_byte_ms", "total_ms",
    ]  # fmt: skip
    list_select_related = ["user", "key"]
    list_filter = [
        DaysFilter, filters.ModelFilter, filters.ProviderFilter, filters.SettlementFilter, filters.StatusFilter,
        filters.EndingFilter, filters.AlertsFilter, filters.ChargedFilter, filters.MarginFilter, filters.OutputFilter,
        filters.FirstByteFilter, filters.TotalFilter,
    ]  # fmt: skip
    keyset = ("created_at", "id")
    search_fields = ["id"]
    search_help_text = (
        "Completion or request id, email address or part of one, user id, wallet address, or the beginning of an "
        "API key"
    )
    has_sums = True
    export_columns = (
        "id", "request_id", "created_at", "admitted_at", "user_id", "user_page", "key_shown", "model_id", "provider",
        "settlement", "ending", "status", *Completion.bucket_columns(), "cost_usd", "charged_cents", "paid_cents",
        "first_byte_ms", "total_ms", "upstream_id",
    )  # fmt: skip
    change_form_template = "admin/inference/completion.html"
    change_list_template = "admin/inference/completion_list.html"

    def get_urls(self) -> list[URLPattern]:
        incident, rebill = (
            self.admin_site.admin_view(view.as_view(model_admin=self)) for view in (IncidentView, RebillView)
        )
        return [
            path("incident/", incident, name="inference_completion_incident"),
            path("find/", self.admin_site.admin_view(find), name="inference_completion_find"),
            path("rebill/", rebill, name="inference_completion_rebill"),
            *super().get_urls(),
        ]

    @admin.display(description="when (UTC)")
    def when(self, completion: Completion) -> str:
        return f"{completion.created_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="id")
    def short_id(self, completion: Completion) -> str:
        return format_html('<span title="{}">{}…</span>', completion.id, completion.id[:15])

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

    @admin.display(description="charged")
    def charged(self, completion: Completion) -> str:
        return usd(completion.charged_cents)

    @admin.display(description="margin")
    def margin(self, completion: Any) -> str:
        return dollars(margin_cents(completion.paid_cents, completion.cost_usd) / 100)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Completion]:
        return with_paid(super().get_queryset(request))

    def sums(self, found: QuerySet[Completion]) -> Sums:
        sums = found.aggregate(
            rows=Count("pk"), charged=Sum("charged_cents", default=0), cost=Sum("cost_usd", default=Decimal(0))
        )
        return [
            ("Completions", f"{sums['rows']:,}"),
            ("Charged", usd(int(sums["charged"]))),
            ("Provider cost", dollars(sums["cost"])),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Completion], search_term: str
    ) -> tuple[QuerySet[Completion], bool]:
        """Each by an index: a completion by its id, a key by its user's completions."""
        if not (term := search_term.strip().replace("\x00", "")):
            return queryset, False
        if is_key(term):
            return queryset.filter(of_keys(term, "user_id")), False
        if term.startswith(REQUEST_ID):
            return queryset.filter(request_id=term), False
        if names_user(term):
            return queryset.filter(of_user(term, "user_id")), False
        if (completion_id := term.removeprefix("inference:")).startswith("chatcmpl-"):
            return queryset.filter(pk=completion_id), False
        return queryset.filter(user_id__in=users_like(term)), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        completion = Completion.objects.select_related("price").filter(pk=object_id.replace("\x00", "")).first()
        receipt = receipts.receipt_of(completion) if completion else None
        return super().change_view(request, object_id, form_url, {"receipt": receipt})
