"""Forms that refuse to save over what somebody else changed since they were opened.

The form carries a digest of the row as it was shown. Saving locks the row, so whoever comes second compares with what
the first one left; the admin's log says who that was. No column is needed for it, and a change by any way is noticed.
"""

import hashlib
import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest

from conway.common.generics import ModelAdmin, ModelForm

MOST_NAMED = 5


class VersionField(forms.CharField):
    def has_changed(self, initial: Any, data: Any) -> bool:
        """Never: nobody edits this field, and the log does not name it."""
        return False


class VersionedForm(ModelForm[Any]):
    unversioned: ClassVar[tuple[str, ...]] = ()  # columns that change by themselves, and are not saved by the form

    version = VersionField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_new = self.instance._state.adding
        self.state = "" if self.is_new else state_of(self.instance, self.unversioned)
        self.initial["version"] = f"{time.time_ns() // 1000}.{self.state}"

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        opened_at, _, seen = self.cleaned_data.get("version", "").partition(".")
        if not self.is_new and seen != self.state:
            raise ValidationError(changed_meanwhile(self.instance, opened_at))
        return cleaned


class VersionedAdmin(ModelAdmin[Any]):
    """Its form is a VersionedForm."""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = super().get_fieldsets(request, obj)
        if obj is None or not self.has_change_permission(request, obj):
            return shown
        (title, first), *others = shown
        return [(title, {**first, "fields": [*first["fields"], "version"]}), *others]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Locked while it is saved: the form compares with a state that nobody changes under it."""
        if request.method == "POST" and connection.in_atomic_block:
            try:
                self.model._base_manager.select_for_update(no_key=True).filter(pk=object_id).first()
            except (ValidationError, ValueError):
                return None
        return super().get_object(request, object_id, from_field)


def state_of(row: Model, unversioned: Iterable[str] = ()) -> str:
    columns = {
        field.attname: field.value_from_object(row)
        for field in row._meta.concrete_fields
        if field.name not in unversioned
    }
    related = {
        field.name: sorted(getattr(row, field.name).values_list("pk", flat=True)) for field in row._meta.many_to_many
    }
    text = json.dumps([columns, related], sort_keys=True, default=plain)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def plain(value: Any) -> str:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else str(value)


def changed_meanwhile(row: Model, opened_at: str) -> str:
    return (
        f"Nothing was saved: this was changed after you had opened it. {who_changed(row, opened_at)} "
        "Open the page anew, look, and enter your change again."
    )


def who_changed(row: Model, opened_at: str) -> str:
    """Says who changed the row, from the admin's log. An owner, or a command, leaves nothing in it."""
    since = datetime.fromtimestamp(int(opened_at[:17]) / 1e6, UTC) if opened_at.isdecimal() else None
    if since is None:
        return "The page did not say when that was."
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(row), object_id=row.pk, action_time__gte=since
    ).select_related("user")
    sentences = [
        f"{entry.user} at {entry.action_time:%H:%M:%S} UTC: {entry.get_change_message()}"
        for entry in entries.order_by("pk")[:MOST_NAMED]
    ]
    return " ".join(sentences) or "No colleague did it: its owner, or a command."
