import json
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.validators import RegexValidator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now

from accounts.logged import LoggedAdmin
from conway.common.versions import VersionedAdmin, VersionedForm
from inference import catalog
from inference.admin.prices import table_of
from inference.catalog import row_check
from inference.dialects import DIALECTS
from inference.models import ChatModel
from inference.upstream.providers import PROVIDERS

SOON = timedelta(days=60)


class Indented(json.JSONEncoder):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "indent": 2})


class ChatModelForm(VersionedForm):
    """A row that could not be read would take its model off the list: it is not let in."""

    unversioned = ("missing_since",)  # written by whatever process was told so

    provider = forms.ChoiceField(choices=[(name, provider.title) for name, provider in PROVIDERS.items()])
    dialect = forms.ChoiceField(
        required=False, choices=[("", "the provider's own"), *((name, name) for name in DIALECTS)]
    )
    successor = forms.ModelChoiceField(ChatModel.objects.all(), required=False)
    traits = forms.JSONField(
        encoder=Indented,
        widget=forms.Textarea(attrs={"rows": 24, "cols": 80, "spellcheck": "false"}),
        help_text="What the model takes and refuses: inference/chat/traits.py explains each.",
    )

    class Meta:
        model = ChatModel
        exclude: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"].validators.append(
                RegexValidator(r"^[a-z0-9][a-z0-9._-]*\Z", "Small letters, digits, dots and dashes.")
            )

    def clean_successor(self) -> str:
        found = self.cleaned_data["successor"]
        return found.name if found else ""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.cleaned_data.get("successor_from") and not self.cleaned_data.get("successor"):
            self.add_error("successor_from", "Name the successor that answers from this day on.")
        named = self.cleaned_data.get("name") or self.instance.name  # of a new model the form alone knows it
        if self.cleaned_data.get("successor") == named:
            self.add_error("successor", "A model cannot succeed itself.")
        elif chain := circle(named, self.cleaned_data.get("successor") or ""):
            self.add_error("successor", f"These would succeed each other in a circle: {', '.join(chain)}.")
        return cleaned

    def clean_traits(self) -> dict[str, Any]:
        row: Any = self.cleaned_data["traits"]
        if not isinstance(row, dict):
            raise forms.ValidationError('Traits are a JSON object: {"context_tokens": …}.')
        if wrong := list(row_check.faults(row)):
            raise forms.ValidationError(wrong)
        return row


def circle(named: str, successor: str) -> list[str]:
    """From the successor back to the model itself; empty where there is no way."""
    after = dict(ChatModel.objects.exclude(successor="").values_list("name", "successor"))
    chain = [successor]
    while (following := after.get(chain[-1], "")) and following not in chain:
        chain.append(following)
        if following == named:
            return chain
    return []


class RetiresFilter(admin.SimpleListFilter):
    title, parameter_name = "its end", "retires"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("soon", f"retires within {SOON.days} days, or should have")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ChatModel]) -> QuerySet[ChatModel]:
        return queryset.filter(retires_on__lte=now().date() + SOON) if self.value() == "soon" else queryset


@admin.register(ChatModel)
class ChatModelAdmin(LoggedAdmin, VersionedAdmin):
    form = ChatModelForm
    list_display = ["name", "provider", "upstream_id", "is_on", "retires_on", "successor", "successor_from"]
    list_filter = ["provider", "is_on", RetiresFilter]
    actions = None
    change_form_template = "admin/inference/model.html"
    fieldsets = [
        (None, {"fields": ["name", "display_name", "is_on", "position"]}),
        ("Where it goes", {"fields": ["provider", "dialect", "upstream_id"]}),
        ("What customers read", {"fields": ["summary"]}),
        ("Its end", {"fields": ["retires_on", "successor", "successor_from", "retirement"]}),
        ("What it takes", {"fields": ["traits"]}),
        (
            "Counting",
            {
                "fields": ["bound_percent", "estimate_percent"],
                "description": "Tokens per hundred o200k tokens: at most, for admissions, and on "
                "average, for estimated bills.",
            },
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: ChatModel | None = None) -> list[str]:
        return ["name"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Completions name their model for ever: it is switched off instead."""
        return False

    def save_model(self, request: HttpRequest, obj: ChatModel, form: Any, change: bool) -> None:
        """Only what was edited: what a colleague changed meanwhile stays."""
        obj.save(update_fields=form.changed_data if change else None)
        transaction.on_commit(catalog.forget)
        messages.info(request, f"Every process follows within {catalog.SNAPSHOT_SECONDS} seconds.")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        model = ChatModel.objects.filter(pk=object_id.replace("\x00", "")).first()
        prices = [(price, table_of(price.sheet)) for price in model.prices.order_by("-starts_at")[:20]] if model else []
        return super().change_view(request, object_id, form_url, {"prices": prices})
