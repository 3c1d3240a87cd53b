from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from conway.models import Alert
from credits.admin.lists import ReadOnlyAdmin


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ["opened_at", "kind", "subject", "message", "state", "last_at", "handled_by"]
    list_filter = ["state"]
    list_select_related = ["handled_by"]
    keyset = ("opened_at", "pk")
    actions = ["mark_seen", "close"]

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("conway.handle_alert"))

    @admin.action(description="Seen: it goes on", permissions=["handle"])
    def mark_seen(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        self.handle(request, queryset.filter(state=Alert.State.OPEN), Alert.State.SEEN)

    @admin.action(description="Close", permissions=["handle"])
    def close(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        """What is still so opens again with the next look; what happened, only when it happens anew."""
        self.handle(request, queryset.exclude(state=Alert.State.CLOSED), Alert.State.CLOSED)

    def handle(self, request: HttpRequest, queryset: QuerySet[Alert], state: Alert.State) -> None:
        alerts = list(queryset)
        closed_at = now() if state is Alert.State.CLOSED else None
        for alert in alerts:
            changed = queryset.filter(pk=alert.pk).update(state=state, handled_by=request.user, closed_at=closed_at)
            if changed:
                self.log_change(request, alert, f"Is {state.value} now.")
        messages.success(request, f"{len(alerts)} alerts are {state.value} now.")
