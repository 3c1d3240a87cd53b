import json
from dataclasses import fields
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.validators import RegexValidator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now
from pydantic import TypeAdapter, ValidationError

from accounts.logged import LoggedAdmin
from conway.common.versions import VersionedAdmin, VersionedForm
from inference import catalog
from inference.admin.prices import table_of
from inference.chat.traits import Traits
from inference.dialects import DIALECTS
from inference.models import ChatModel
from inference.upstream.providers import PROVIDERS

SOON = timedelta(days=60)
TRAITS = TypeAdapter(Traits)
AT_LEAST_ONE = ("context_tokens", "max_output_tokens", "image_tokens", "page_tokens")


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
        return cleaned

    def clean_traits(self) -> dict[str, Any]:
        row: dict[str, Any] = self.cleaned_data["traits"]
        try:
            TRAITS.validate_json(json.dumps(row), strict=True)
        except ValidationError as error:
            raise forms.ValidationError([said(found) for found in error.errors()]) from error
        if unknown := set(row) - {field.name for field in fields(Traits)}:
            raise forms.ValidationError(f"There is no trait {', '.join(sorted(unknown))}.")
        if wrong := [name for name in AT_LEAST_ONE if row.get(name, 1) < 1]:
            raise forms.ValidationError(f"{', '.join(wrong)}: at least 1.")
        return row


def said(error: Any) -> str:
    return f"{'.'.join(str(step) for step in error['loc'])}: {error['msg']}."


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
