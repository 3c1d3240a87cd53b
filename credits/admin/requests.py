"""Staff see the moves that wait for a second person, and decide each on its page."""

from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.timezone import now
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import reauthentication
from accounts.addresses import client_address
from accounts.models import User
from accounts.pages.second_factor import confirmation
from credits import ledger
from credits.admin.lists import ReadOnlyAdmin, of_user
from credits.models import CreditAccount, CreditTransaction, MoveRequest
from credits.posting_forms import PERMISSIONS
from credits.templatetags.money import signed_usd, usd

STATES = {"waiting": "waiting", "expired": "expired", **{value: value for value in MoveRequest.Decision.values}}


class StateFilter(admin.SimpleListFilter):
    title = parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[MoveRequest]) -> QuerySet[MoveRequest]:
        value = self.value()
        if value == "waiting":
            return queryset.filter(decision=None, expires_at__gt=Now())
        if value == "expired":
            return queryset.filter(decision=None, expires_at__lte=Now())
        return queryset.filter(decision=value) if value in STATES else queryset


def state_of(move: MoveRequest) -> str:
    return move.decision or ("waiting" if move.expires_at > now() else "expired")


def may_move(user: User, move: MoveRequest) -> bool:
    return user.has_perm(PERMISSIONS[CreditTransaction.Type(move.type)])


@admin.register(MoveRequest)
class MoveRequestAdmin(ReadOnlyAdmin):
    list_display = ["when", "kind", "customer", "amount", "payment_reference", "requested_by", "state", "decided_by"]
    fields = [
        "state", "kind", "customer", "amount", "payment_reference", "refers_to", "reason", "internal_note",
        "requested_by", "requested_from", "requested_at", "expires_at", "decided_by", "decided_from", "decided_at",
    ]  # fmt: skip
    list_select_related = ["user", "requested_by", "decided_by"]
    list_filter = [StateFilter, "type"]
    search_fields = ["reference"]
    search_help_text = "The customer's email address, user id or wallet address"
    change_form_template = "admin/credits/request.html"

    @admin.display(description="asked (UTC)")
    def when(self, move: MoveRequest) -> str:
        return f"{move.requested_at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="what")
    def kind(self, move: MoveRequest) -> str:
        return move.type.replace("_", "-")

    @admin.display(description="customer")
    def customer(self, move: MoveRequest) -> str:
        page = reverse("admin:accounts_user_change", args=[move.user_id])
        return format_html('<a href="{}">{}</a>', page, move.user)

    @admin.display(description="amount")
    def amount(self, move: MoveRequest) -> str:
        return signed_usd(move.amount_cents)

    @admin.display(description="state")
    def state(self, move: MoveRequest) -> str:
        return state_of(move)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[MoveRequest], search_term: str
    ) -> tuple[QuerySet[MoveRequest], bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(of_user(term, "user_id")) if term else queryset), False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may make such a move may look: they ask and approve."""
        return super().has_view_permission(request, obj) or any(map(request.user.has_perm, PERMISSIONS.values()))

    def may_approve(self, user: User, move: MoveRequest) -> bool:
        is_other = user.pk not in (move.requested_by_id, move.user_id)
        return is_other and may_move(user, move)

    def get_urls(self) -> list[URLPattern]:
        decide = self.admin_site.admin_view(self.decide)
        return [path("<int:request_id>/decide/", decide, name="credits_moverequest_decide"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pk = int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0
        context: dict[str, Any] = {"title": "A move that needs a second person", "subtitle": None}
        if move := MoveRequest.objects.select_related("user").filter(pk=pk).first():
            user, is_waiting = cast(User, request.user), state_of(move) == "waiting"
            account = CreditAccount.objects.for_user(move.user).first() or CreditAccount(user=move.user)
            context |= {
                "move": move,
                "balance_after": account.balance_cents + move.amount_cents,
                "account": account,
                "can_approve": is_waiting and self.may_approve(user, move),
                "can_withdraw": is_waiting and move.requested_by_id == user.pk,
                **confirmation(request),
            }
        return super().change_view(request, object_id, form_url, context)

    @method_decorator(sensitive_post_parameters("password"))
    @method_decorator(require_POST)
    def decide(self, request: HttpRequest, request_id: int) -> HttpResponse:
        move, user = get_object_or_404(MoveRequest, pk=request_id), cast(User, request.user)
        if not self.may_approve(user, move) and move.requested_by_id != user.pk:
            raise PermissionDenied
        try:
            self.decided(request, move, user)
        except ledger.UnableToPost as error:
            messages.error(request, str(error))
        return redirect("admin:credits_moverequest_change", move.pk)

    def decided(self, request: HttpRequest, move: MoveRequest, user: User) -> None:
        address = client_address(request) or None
        if request.POST.get("decision") != "approve":
            ledger.refuse(move.pk, by=user, address=address)
            messages.success(request, "It will not be booked.")
        elif not reauthentication.is_confirmed(request):
            messages.error(request, "Nothing is booked: confirm that it is you, and approve again.")
        else:
            entry = ledger.approve(move.pk, by=user, address=address, may_book=may_move)
            booked = f"Booked: {signed_usd(entry.amount_cents)} for {move.user}."
            messages.success(request, f"{booked} The balance after it is {usd(entry.balance_after_cents)}.")
