from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views import View

from accounts.models import User
from credits.posting_forms import PostingForm
from credits.templatetags.money import signed_usd, usd

FILLED_IN = ("user", "charge", "cents")  # by the link that leads here


class PostingView(PermissionRequiredMixin, View):
    """A form; then the same, hidden, under what it would come to; then it is booked."""

    form_class: type[PostingForm] = PostingForm
    model_admin: ModelAdmin | None = None
    raise_exception = True

    def get_permission_required(self) -> tuple[str]:
        return (self.form_class.permission,)

    def get(self, request: HttpRequest) -> HttpResponse:
        filled_in = {name: request.GET[name] for name in FILLED_IN if name in request.GET}
        return self.page("form", self.form_class(initial=filled_in))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form_class(request.POST)
        if not form.is_valid():
            return self.page("form", form)
        if "confirmed" not in request.POST:
            return self.page("confirm" if form.is_possible() else "form", form)
        if (entry := form.post(by=cast(User, request.user))) is None:
            return self.page("form", form)
        said = f"{form.booked}: {signed_usd(entry.amount_cents)} for {form.owner}."
        messages.success(request, f"{said} The balance after it is {usd(entry.balance_after_cents)}.")
        return redirect("admin:credits_creditaccount_change", entry.account_id)

    def page(self, name: str, form: PostingForm) -> HttpResponse:
        assert self.model_admin
        context: dict[str, Any] = {
            **self.model_admin.admin_site.each_context(self.request),
            "title": form.title,
            "opts": self.model_admin.opts,
            "form": form,
        }
        return TemplateResponse(self.request, f"admin/credits/move_{name}.html", context)
