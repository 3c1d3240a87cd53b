from django.contrib import admin

from credits.admin.lists import ReadOnlyAdmin
from credits.models import AuditRun, Hold


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = ["completion_id", "account_id", "cents", "admitted_at", "process", "beat"]
    fields = ["completion_id", "account", "key", "cents", "admitted_at", "process", "beat", "details"]
    search_fields = ["completion_id"]
    keyset = ("admitted_at", "pk")


@admin.register(AuditRun)
class AuditRunAdmin(ReadOnlyAdmin):
    list_display = ["finished_at", "accounts", "faults"]
