from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from accounts.logged import LoggedAdmin
from credits.models import FundingNote


@admin.register(FundingNote)
class FundingNoteAdmin(LoggedAdmin):
    """One row: written anew at first, edited from then on."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not FundingNote.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: FundingNote, form: Any, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)
