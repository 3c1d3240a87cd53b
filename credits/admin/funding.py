from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from accounts.logged import LoggedAdmin
from conway.common.versions import VersionedAdmin, VersionedForm
from credits.models import FundingNote


class FundingNoteForm(VersionedForm):
    class Meta:
        model = FundingNote
        fields = ("text",)


@admin.register(FundingNote)
class FundingNoteAdmin(LoggedAdmin, VersionedAdmin):
    """One row: written anew at first, edited from then on."""

    form = FundingNoteForm
    fieldsets = ((None, {"fields": ("text",)}),)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not FundingNote.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: FundingNote, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)
