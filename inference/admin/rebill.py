"""Rebill: a form, then what it would give back, then the refunds (inference/billing/rebill.py)."""

from itertools import islice
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters

from accounts import reauthentication
from accounts.addresses import client_address
from accounts.models import User
from accounts.pages.second_factor import confirmation
from credits import ledger
from credits.templatetags.money import usd
from inference.billing import rebill
from inference.billing.rebill import Correction, Window
from inference.models import ChatModel

SHOWN = 20


class RebillForm(forms.Form):
    served_model = forms.CharField(
        label="Served", max_length=200, help_text="The model as the provider named it: “served:…” of the alert."
    )
    right = forms.ModelChoiceField(
        ChatModel.objects.all(), label="Charge as", help_text="The model in the catalogue whose price is right."
    )
    begin = forms.SplitDateTimeField(label="From (UTC)", widget=AdminSplitDateTime)
    end = forms.SplitDateTimeField(label="Until before (UTC)", widget=AdminSplitDateTime)
    reason = forms.CharField(
        label="Shown to the customer", max_length=200, help_text="The customer reads this in their history."
    )
    note = forms.CharField(label="Internal note", required=False, max_length=500, help_text="Only staff read this.")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        begin, end = self.cleaned_data.get("begin"), self.cleaned_data.get("end")
        if begin and end and begin >= end:
            self.add_error("end", "The end must be after the beginning.")
        return cleaned

    @property
    def window(self) -> Window:
        data = self.cleaned_data
        return Window(data["served_model"].strip(), data["right"], data["begin"], data["end"])


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class RebillView(PermissionRequiredMixin, View):
    permission_required = ("credits.refund",)
    raise_exception = True
    model_admin: "ModelAdmin[Any] | None" = None

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("form", RebillForm(initial=request.GET.dict()))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = RebillForm(request.POST)
        if not form.is_valid():
            return self.page("form", form)
        found = list(rebill.corrections(form.window))
        if "confirmed" not in request.POST or not found or not reauthentication.is_confirmed(request):
            return self.page("confirm", form, found)
        self.book(form, found)
        return redirect("admin:inference_completion_changelist")

    def book(self, form: RebillForm, found: list[Correction]) -> None:
        """What one person may not book is left for the next one, who sees only what is left."""
        data, staff = form.cleaned_data, cast(User, self.request.user)
        address = client_address(self.request) or None
        number = cents = 0
        refused: list[str] = []
        for due in found:
            try:
                cents += rebill.book(due, reason=data["reason"], note=data["note"], by=staff, address=address)
                number += 1
            except ledger.UnableToPost as error:
                refused.append(f"{due.completion.pk}: {error}")
        messages.success(self.request, f"Refunded {usd(cents)} for {number:,} completion{pluralize(number)}.")
        for sentence in islice(refused, 5):
            messages.warning(self.request, f"Not refunded: {sentence}")
        if len(refused) > 5:
            messages.warning(self.request, f"{len(refused):,} completions are left. Ask a colleague to rebill them.")

    def page(self, name: str, form: RebillForm, found: list[Correction] | None = None) -> HttpResponse:
        assert self.model_admin
        context: dict[str, Any] = {
            **self.model_admin.admin_site.each_context(self.request),
            "title": "Rebill",
            "opts": self.model_admin.opts,
            "form": form,
            "media": form.media,
            **confirmation(self.request),
        }
        if found is not None:
            context |= {
                "number": len(found),
                "is_cut": len(found) == rebill.MOST,
                "shown": found[:SHOWN],
                "charged_cents": sum(due.completion.charged_cents for due in found),
                "refund_cents": sum(due.refund_cents for due in found),
            }
        return TemplateResponse(self.request, f"admin/inference/rebill_{name}.html", context)
