"""The ledger. What a charge was for stands in its `details`, frozen; credits know no models, they repeat names."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.fields.json import KT
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.lookup import users_like
from conway.common.keyset_pagination import Sums
from credits.admin.detail_facets import named
from credits.admin.filters import DaysOfIdsFilter, PersonFilter
from credits.admin.lists import ReadOnlyAdmin, is_key, names_user, of_keys, of_user
from credits.figures import of_rows
from credits.models import CreditTransaction
from credits.pages.filters import CHOICES, TYPES
from credits.templatetags.money import signed_usd, usd


class DetailFilter(admin.SimpleListFilter):
    """Filters by a text of the details, as the indexes have it."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in named(str(self.parameter_name))]

    def has_output(self) -> bool:
        return True  # else a name of nothing there is would be left out, and everything shown

    def queryset(self, request: HttpRequest, queryset: QuerySet[CreditTransaction]) -> QuerySet[CreditTransaction]:
        if (name := self.value()) is None:
            return queryset
        return queryset.alias(detail=KT(f"details__{self.parameter_name}")).filter(detail=name.replace("\x00", ""))


class ModelFilter(DetailFilter):
    title = parameter_name = "model"


class ProviderFilter(DetailFilter):
    title = parameter_name = "provider"


class MadeByFilter(PersonFilter):
    title, parameter_name = "person", "made_by"


class SettlementFilter(DetailFilter):
    title = parameter_name = "settlement"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in ("exact", "estimated", "lost")]


class TypeFilter(admin.SimpleListFilter):
    """Filters by type, or by the types that pages add up under one name."""

    title = parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [choice for choice in CHOICES if choice[0]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CreditTransaction]) -> QuerySet[CreditTransaction]:
        types = TYPES.get(self.value() or "")
        return queryset.filter(type__in=types) if types else queryset


@admin.register(CreditTransaction)
class CreditTransactionAdmin(ReadOnlyAdmin):
    list_display = ["when", "type", "who", "why", "user", "amount", "balance_after", "served", "reference"]
    fields = [
        "account", "type", "amount", "balance_after", "reference", "refers_to", "payment_reference", "description",
        "details", "key", "reason", "internal_note", "made_by", "made_from", "requested_at", "approved_by",
        "approved_from", "created_at",
    ]  # fmt: skip
    list_select_related = ["account__user", "made_by", "approved_by"]
    list_filter = [TypeFilter, DaysOfIdsFilter, MadeByFilter, ModelFilter, ProviderFilter, SettlementFilter]
    keyset = ("id",)
    search_fields = ["reference"]
    search_help_text = (
        "Reference, completion id, payment reference, email address or part of one, user id, wallet "
        "address, or the beginning of an API key"
    )
    change_form_template = "admin/credits/transaction.html"
    has_sums = True
    export_columns = (
        "id", "created_at", "type", "account_id", "user", "amount_cents", "balance_after_cents", "reference",
        "refers_to", "payment_reference", "served", "made_by", "approved_by", "reason", "internal_note",
    )  # fmt: skip

    @admin.display(description="when (UTC)")
    def when(self, entry: CreditTransaction) -> str:
        return f"{entry.created_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="by whom")
    def who(self, entry: CreditTransaction) -> str:
        by = str(entry.made_by) if entry.made_by else ""
        return f"{by}, approved by {entry.approved_by}" if entry.approved_by else by

    @admin.display(description="why")
    def why(self, entry: CreditTransaction) -> str:
        reasons = [entry.reason, entry.payment_reference and f"payment {entry.payment_reference}", entry.internal_note]
        return "; ".join(word for word in reasons if word)

    @admin.display(description="user")
    def user(self, entry: CreditTransaction) -> str:
        page = reverse("admin:credits_creditaccount_change", args=[entry.account_id])
        return format_html('<a href="{}">{}</a>', page, entry.account.user)

    @admin.display(description="amount")
    def amount(self, entry: CreditTransaction) -> str:
        return signed_usd(entry.amount_cents)

    @admin.display(description="balance after")
    def balance_after(self, entry: CreditTransaction) -> str:
        return usd(entry.balance_after_cents)

    @admin.display(description="model")
    def served(self, entry: CreditTransaction) -> str:
        return str(entry.details.get("model", ""))

    def sums(self, found: QuerySet[CreditTransaction]) -> Sums:
        sums = of_rows(found)
        cents = {
            "Topped up": sums.topped_up,
            "Adjusted": sums.adjusted,
            "Charged": sums.charged,
            "Given back": sums.given_back,
            "Spent": sums.spent,
            "Together": sums.net,
        }
        return [("Transactions", f"{sums.rows:,}"), *((what, usd(sum)) for what, sum in cents.items())]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CreditTransaction], search_term: str
    ) -> tuple[QuerySet[CreditTransaction], bool]:
        """Each term is found by an index among ten million rows."""
        if not (term := search_term.strip().replace("\x00", "")):
            return queryset, False
        if names_user(term):
            return queryset.filter(of_user(term, "account_id")), False
        if is_key(term):
            return queryset.filter(of_keys(term, "account_id")), False
        named = [term, *(f"{type}:{term}" for type in CreditTransaction.Type.values)]
        found = CreditTransaction.objects.filter(Q(reference__in=named) | Q(refers_to__in=named)).values_list("pk")
        paid = CreditTransaction.objects.paid_by(term).values_list("pk")
        if rows := [pk for (pk,) in (*found[:1000], *paid)]:
            return queryset.filter(pk__in=rows), False
        return queryset.filter(account_id__in=users_like(term)), False
