"""Staff read the books here; what moves money goes through desk.py, and from there through the ledger."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import cached_property

from accounts.models import User
from credits.desk import TopUpForm
from credits.models import AuditRun, CreditAccount, CreditTransaction, Hold

COUNTED_UP_TO = 100_000


class LargeTablePaginator(Paginator):
    """Counting ten million rows takes seconds: the whole of a large table is estimated."""

    object_list: QuerySet

    @cached_property
    def count(self) -> int:
        if not self.object_list.query.where and (estimate := rows_in(self.object_list.model)) > COUNTED_UP_TO:
            return estimate
        return self.object_list.count()


def rows_in(model: type[Model]) -> int:
    """As of the last time the database looked; below zero if it never did."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])
        return cursor.fetchone()[0]


class ReadOnlyAdmin(admin.ModelAdmin):
    show_full_result_count = False
    paginator = LargeTablePaginator
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def of_user(term: str, prefix: str = "") -> Q:
    """By email, or by user id where the term is a number."""
    by_id = Q(**{f"{prefix}user_id": int(term)}) if term.isdecimal() and len(term) < 19 else Q()
    return by_id | Q(**{f"{prefix}user__email": term})


@admin.register(CreditAccount)
class CreditAccountAdmin(ReadOnlyAdmin):
    list_display = ["user", "user_id", "balance_cents", "held_cents", "available"]
    fields = ["user", "balance_cents", "held_cents", "available"]
    list_select_related = ["user"]
    ordering = ["-user_id"]
    search_fields = ["user__email"]
    search_help_text = "Email address or user id"
    change_list_template = "admin/credits/account_list.html"
    change_form_template = "admin/credits/account.html"

    @admin.display(description="available cents")
    def available(self, account: CreditAccount) -> int:
        return account.available_cents

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        return (queryset.filter(of_user(search_term.strip())) if search_term.strip() else queryset), False

    def get_urls(self) -> list[URLPattern]:
        top_up = path("top-up/", self.admin_site.admin_view(self.top_up), name="credits_creditaccount_top_up")
        return [top_up, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"audit_run": AuditRun.objects.order_by("id").last()})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"top_up": TopUpForm(initial={"user": object_id})})

    def top_up(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("credits.top_up"):
            raise PermissionDenied
        form = TopUpForm(request.POST or None, initial={"user": request.GET.get("user", "")})
        if form.is_valid() and (entry := form.post(by=cast(User, request.user))):
            messages.success(request, f"Topped up {form.cleaned_data['user']} by {entry.amount_cents} cents.")
            return redirect("admin:credits_creditaccount_change", entry.account_id)
        context = {**self.admin_site.each_context(request), "title": "Top up", "opts": self.opts, "top_up": form}
        return TemplateResponse(request, "admin/credits/top_up.html", context)


@admin.register(CreditTransaction)
class CreditTransactionAdmin(ReadOnlyAdmin):
    list_display = ["reference", "created_at", "account_user", "type", "amount_cents", "balance_after_cents", "served"]
    list_select_related = ["account__user"]
    list_filter = ["type", "created_at"]
    ordering = ["-id"]
    search_fields = ["reference"]
    search_help_text = "Reference, completion id, email address or user id, whole"

    @admin.display(description="user")
    def account_user(self, entry: CreditTransaction) -> str:
        return str(entry.account.user)

    @admin.display(description="model")
    def served(self, entry: CreditTransaction) -> str:
        return entry.details.get("model", "")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        """Whole references only: each is found by an index among ten million."""
        if not (term := search_term.strip()):
            return queryset, False
        named = [term, *(f"{type}:{term}" for type in CreditTransaction.Type.values)]
        about = Q(reference__in=named) | Q(refers_to__in=named)
        return queryset.filter(about | of_user(term, "account__")), False


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ["completion_id", "account", "cents", "admitted_at", "beat"]
    search_fields = ["completion_id"]
    ordering = ["-admitted_at"]


@admin.register(AuditRun)
class AuditRunAdmin(ReadOnlyAdmin):
    list_display = ["finished_at", "accounts", "faults"]
    ordering = ["-id"]
