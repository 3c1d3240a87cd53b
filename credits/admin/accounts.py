from datetime import UTC, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import BigIntegerField, Count, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Now, TruncDay
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path

from accounts.lookup import is_id
from accounts.models import User
from conway.common.keyset_pagination import Sums
from credits import ledger
from credits.admin.filters import WrittenOffFilter
from credits.admin.lists import ReadOnlyAdmin, of_user
from credits.admin.posting_views import PostingView
from credits.figures import SPENDING
from credits.models import AuditRun, CreditAccount, CreditTransaction, MoveRequest
from credits.posting_forms import POSTING_FORMS
from credits.spend import DAYS
from credits.templatetags.money import usd

NEWEST = 12
PUT_IN = [type for type in CreditTransaction.Type.values if type not in SPENDING]


def with_activity(accounts: QuerySet[CreditAccount]) -> QuerySet[CreditAccount]:
    """Adds `spent_cents`, what was charged less what was given back in the overview's 30 days, and `last_activity`.

    Spent is what is missing: the balance of then, and what was put in since, less the balance of now. So it takes a
    look at a few rows, and not at all the charges of a month.
    """
    mine = CreditTransaction.objects.filter(account=OuterRef("pk"))
    since = TruncDay(Now(), tzinfo=UTC) - timedelta(days=DAYS - 1)
    then = mine.filter(created_at__lt=since).order_by("-created_at", "-id").values("balance_after_cents")[:1]
    put_in = mine.filter(created_at__gte=since, type__in=PUT_IN).order_by().values("account")
    return accounts.annotate(
        spent_cents=cents(then)
        + cents(put_in.annotate(cents=Sum("amount_cents")).values("cents"))
        - F("balance_cents"),
        last_activity=Subquery(mine.order_by("-id").values("created_at")[:1]),
    )


def cents(found: QuerySet[Any, Any]) -> Coalesce:
    return Coalesce(Subquery(found), 0, output_field=BigIntegerField())


@admin.register(CreditAccount)
class CreditAccountAdmin(ReadOnlyAdmin):
    list_display = ["user", "user_id", "balance", "held", "available", "spent", "written_off", "last_activity"]
    list_filter = [WrittenOffFilter]
    fields = ["user", "balance", "held", "available", "spent", "written_off", "last_activity"]
    list_select_related = ["user"]
    keyset = ("user_id",)
    search_fields = ["user__email", "user__claimed_email"]
    search_help_text = "Email address, user id or wallet address"
    has_sums = True
    export_columns = (
        "user_id", "user", "balance_cents", "held_cents", "available_cents", "spent_cents", "written_off_cents",
        "last_activity",
    )  # fmt: skip
    change_list_template = "admin/credits/account_list.html"
    change_form_template = "admin/credits/account.html"

    @admin.display(description="balance")
    def balance(self, account: CreditAccount) -> str:
        return usd(account.balance_cents)

    @admin.display(description="held")
    def held(self, account: CreditAccount) -> str:
        return usd(account.held_cents)

    @admin.display(description="available")
    def available(self, account: CreditAccount) -> str:
        return usd(account.available_cents)

    @admin.display(description="spent in 30 days")
    def spent(self, account: Any) -> str:
        return usd(account.spent_cents)

    @admin.display(description="written off since the last top-up")
    def written_off(self, account: CreditAccount) -> str:
        stopped = account.written_off_cents > settings.CONWAY_MOST_WRITE_OFF_CENTS
        return usd(account.written_off_cents) + (": stopped" if stopped else "") if account.written_off_cents else ""

    @admin.display(description="last activity (UTC)")
    def last_activity(self, account: Any) -> str:
        return f"{account.last_activity:%Y-%m-%d %H:%M:%S}" if account.last_activity else ""

    def sums(self, found: QuerySet[CreditAccount]) -> Sums:
        sums = found.aggregate(
            rows=Count("pk"), balance=Sum("balance_cents", default=0), held=Sum("held_cents", default=0)
        )
        return [("Accounts", f"{sums['rows']:,}"), ("Balance", usd(sums["balance"])), ("Held", usd(sums["held"]))]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CreditAccount]:
        return with_activity(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[CreditAccount], search_term: str
    ) -> tuple[QuerySet[CreditAccount], bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(of_user(term, "user_id")) if term else queryset), False

    def get_urls(self) -> list[URLPattern]:
        pages = [
            path(
                f"{name}/",
                self.admin_site.admin_view(PostingView.as_view(form_class=form, model_admin=self)),
                name=f"credits_creditaccount_{name.replace('-', '_')}",
            )
            for name, form in POSTING_FORMS.items()
        ]
        let_ask = path("<int:user_id>/let-ask/", self.admin_site.admin_view(self.let_ask), name="credits_let_ask")
        return [*pages, let_ask, *super().get_urls()]

    def let_ask(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Staff looked at what was written off, and let the account ask again."""
        staff = cast(User, request.user)
        if request.method != "POST" or not staff.has_perm("credits.adjust") or staff.pk == user_id:
            raise PermissionDenied
        account = CreditAccount.objects.filter(pk=user_id).first()
        if account and ledger.let_ask(user_id=user_id, by=staff):
            self.log_change(request, account, "Looked at the write-offs; the account may send requests again.")
            messages.success(request, "The account may send requests again.")
        return redirect("admin:credits_creditaccount_change", user_id)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> CreditAccount | None:
        """Who has had no transaction has no row, and nothing: that is no account that was deleted."""
        account: CreditAccount | None = super().get_object(request, object_id, from_field)
        if account is not None:
            return account
        user = User.objects.filter(pk=int(object_id)).first() if is_id(object_id) else None
        if user is None:
            return None
        account = CreditAccount(user=user)
        vars(account).update(spent_cents=0, last_activity=None)  # what `with_activity` adds to the others
        return account

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        found = {
            "audit_run": AuditRun.objects.order_by("id").last(),
            "is_somebody_waiting": MoveRequest.objects.open().exists(),
        }
        return super().changelist_view(request, found)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        user_id = int(object_id) if is_id(object_id) else 0
        newest = CreditTransaction.objects.for_user(user_id).select_related("made_by", "approved_by").newest_first()
        return super().change_view(request, object_id, form_url, {"newest": newest[:NEWEST]})
