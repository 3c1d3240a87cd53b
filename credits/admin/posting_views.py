from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters

from accounts import reauthentication
from accounts.addresses import client_address
from accounts.models import User
from accounts.pages.second_factor import confirmation
from credits import ledger
from credits.models import CreditAccount, MoveRequest
from credits.posting_forms import PostingForm
from credits.templatetags.money import signed_usd, usd

FILLED_IN = ("user", "charge", "amount")  # by the link that leads here


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class PostingView(PermissionRequiredMixin, View):
    """A form; then the same, hidden, under what it would come to; then it is booked, or a second person is asked."""

    form_class: type[PostingForm] = PostingForm
    model_admin: "ModelAdmin[CreditAccount] | None" = None
    raise_exception = True

    def get_permission_required(self) -> tuple[str]:
        return (self.form_class.permission,)

    @property
    def staff(self) -> User:
        return cast(User, self.request.user)

    def get(self, request: HttpRequest) -> HttpResponse:
        filled_in = {name: request.GET[name] for name in FILLED_IN if name in request.GET}
        return self.page("form", self.form_class(initial=filled_in))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form_class(request.POST)
        if not form.is_valid():
            return self.page("form", form)
        if "confirmed" not in request.POST:
            return self.page("confirm" if form.is_possible(self.staff) else "form", form)
        if not reauthentication.is_confirmed(request):
            return self.page("confirm", form)
        if (made := form.post(by=self.staff, address=client_address(request) or None)) is None:
            return self.page("form", form)
        return self.waits_for_approval(made) if isinstance(made, MoveRequest) else self.booked(form, made)

    def booked(self, form: PostingForm, entry: Any) -> HttpResponse:
        text = f"{form.booked}: {signed_usd(entry.amount_cents)} for {form.owner}."
        messages.success(self.request, f"{text} The balance after it is {usd(entry.balance_after_cents)}.")
        return redirect("admin:credits_creditaccount_change", entry.account_id)

    def waits_for_approval(self, request: MoveRequest) -> HttpResponse:
        text = "Nothing is booked yet: a second person has to approve it. Send them the address of this page."
        messages.warning(self.request, text)
        return redirect("admin:credits_moverequest_change", request.pk)

    def page(self, name: str, form: PostingForm) -> HttpResponse:
        assert self.model_admin
        context: dict[str, Any] = {
            **self.model_admin.admin_site.each_context(self.request),
            "title": form.title,
            "opts": self.model_admin.opts,
            "form": form,
            **confirmation(self.request),
        }
        if name == "confirm":
            context["beyond"] = ledger.beyond(self.staff, form.cents)
        return TemplateResponse(self.request, f"admin/credits/move_{name}.html", context)
