"""Refunds of an incident: everything that a provider or a model answered in a window, seen first, then given back, each
completion once under the incident's name.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import QuerySet
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
from inference.models import FAILED, ChatModel, Completion, Settlement
from inference.reporting.margin import with_paid
from inference.upstream.providers import PROVIDERS

MOST = 1000
LONGEST = timedelta(days=7)
SHOWN = 20
ANSWERS = {
    "all": "all that were charged",
    "failed": "those that did not end well",
    "estimated": "those charged by our own count",
}


class Moment(forms.DateTimeInput):
    input_type = "datetime-local"


class IncidentForm(forms.Form):
    name = forms.SlugField(
        label="Incident",
        max_length=50,
        help_text="A word of letters, digits and -. Under one name nothing is refunded twice.",
    )
    provider = forms.ChoiceField(
        required=False, choices=[("", "any"), *((name, provider.title) for name, provider in PROVIDERS.items())]
    )
    model = forms.ModelChoiceField(ChatModel.objects.all(), required=False, empty_label="any")
    since = forms.DateTimeField(label="From (UTC)", widget=Moment(format="%Y-%m-%dT%H:%M"))
    until = forms.DateTimeField(label="Until (UTC)", widget=Moment(format="%Y-%m-%dT%H:%M"))
    which = forms.ChoiceField(label="Which", choices=list(ANSWERS.items()))
    reason = forms.CharField(label="Shown to the customers", max_length=200)
    note = forms.CharField(label="Internal note", max_length=500, required=False)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name.startswith("corrected"):
            raise forms.ValidationError("This name is the ledger's own.")
        return name

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or {}
        if not self.errors:
            if not fields["since"] < fields["until"] <= fields["since"] + LONGEST:
                raise forms.ValidationError("It ends after it begins, and lasts for seven days at most.")
            if not fields["provider"] and not fields["model"]:
                raise forms.ValidationError("Name a provider or a model.")
        return fields

    def completions(self) -> QuerySet[Completion]:
        fields = self.cleaned_data
        found = Completion.objects.filter(
            created_at__gte=fields["since"], created_at__lt=fields["until"], charged_cents__gt=0
        )
        if fields["provider"]:
            found = found.filter(provider=fields["provider"])
        if fields["model"]:
            found = found.filter(model=fields["model"])
        if fields["which"] == "failed":
            found = found.filter(FAILED)
        if fields["which"] == "estimated":
            found = found.filter(settlement__in=(Settlement.ESTIMATED, Settlement.LOST))
        return with_paid(found).select_related("user").order_by("created_at", "id")


@dataclass(frozen=True)
class Preview:
    """What is refundable now. `digest` says on confirming whether it is still what was seen."""

    rows: list[Any]
    is_too_much: bool

    @property
    def cents(self) -> int:
        return sum(row.paid_cents for row in self.rows)

    @property
    def accounts(self) -> int:
        return len({row.user_id for row in self.rows})

    @property
    def digest(self) -> str:
        return f"{len(self.rows)}-{self.cents}"


def preview(form: IncidentForm, by: User) -> Preview:
    """Nobody refunds their own account: its completions are left to a colleague."""
    found: list[Any] = list(form.completions().exclude(user=by)[: MOST + 1])
    return Preview([row for row in found[:MOST] if row.paid_cents > 0], len(found) > MOST)


@dataclass(frozen=True)
class Outcome:
    refunded: int
    cents: int
    left: list[str]


def refund_all(found: Preview, form: IncidentForm, *, by: User, address: str | None) -> Outcome:
    """Each by itself: one that cannot be refunded any more keeps no other."""
    refunded, cents, left = 0, 0, []
    for row in found.rows:
        try:
            ledger.refund(
                reference=f"inference:{row.pk}", cents=row.paid_cents, reason=form.cleaned_data["reason"], by=by,
                attempt=f"incident-{form.cleaned_data['name']}", note=form.cleaned_data["note"], address=address,
            )  # fmt: skip
            refunded, cents = refunded + 1, cents + row.paid_cents
        except (ledger.UnableToPost, ledger.AboveCeiling) as error:
            left.append(f"{row.pk}: {error}")
    return Outcome(refunded, cents, left)


@method_decorator(sensitive_post_parameters("password"), name="dispatch")
class IncidentView(PermissionRequiredMixin, View):
    model_admin: "ModelAdmin[Completion] | None" = None
    permission_required = ("credits.refund", "inference.view_completion")
    raise_exception = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("form", IncidentForm(initial=request.GET.dict()))

    def post(self, request: HttpRequest) -> HttpResponse:
        form, by = IncidentForm(request.POST), cast(User, request.user)
        if not form.is_valid():
            return self.page("form", form)
        found = preview(form, by)
        beyond = self.beyond(found, by)
        is_seen = "confirmed" in request.POST and request.POST.get("digest") == found.digest
        if beyond or not found.rows or not is_seen or not reauthentication.is_confirmed(request):
            return self.page("confirm", form, {"found": found, "beyond": beyond})
        outcome = refund_all(found, form, by=by, address=client_address(request) or None)
        dollars = f"${outcome.cents // 100:,}.{outcome.cents % 100:02}"
        messages.success(request, f"Incident {form.cleaned_data['name']}: {outcome.refunded} refunded, {dollars}.")
        for line in outcome.left[:SHOWN]:
            messages.warning(request, line)
        return redirect("admin:credits_credittransaction_changelist")

    def beyond(self, found: Preview, by: User) -> str:
        if found.is_too_much:
            return f"More than {MOST} completions: make the window shorter."
        return ledger.beyond(by, found.cents) if found.rows else ""

    def page(self, name: str, form: IncidentForm, more: dict[str, Any] | None = None) -> HttpResponse:
        assert self.model_admin
        context = {
            **self.model_admin.admin_site.each_context(self.request),
            "title": "Refund an incident",
            "opts": self.model_admin.opts,
            "form": form,
            "shown": SHOWN,
            **confirmation(self.request),
            **(more or {}),
        }
        return TemplateResponse(self.request, f"admin/inference/incident_{name}.html", context)
