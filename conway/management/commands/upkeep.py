from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now

from accounts import pruning
from conway.common import commands
from conway.models import Alert
from credits.models import WebhookDelivery
from inference.models import RefusedHour

KEPT = timedelta(days=400)  # so that a year can be looked back on


class Command(commands.Command):
    help = "Removes what is over, everywhere: what `prune_accounts` does, and logs of a year ago. Run it once a day."

    def handle(self, *args: Any, **options: Any) -> None:
        removed = pruning.prune() | {name: sum(pruning.pieces(rows)) for name, rows in logs(now() - KEPT).items()}
        for what, number in removed.items():
            self.stdout.write(f"{what}: {number}")


def logs(before: datetime) -> dict[str, QuerySet[Any]]:
    return {
        "alerts": Alert.objects.filter(state=Alert.State.CLOSED, closed_at__lte=before),
        "webhook deliveries": WebhookDelivery.objects.filter(next_at=None, created_at__lte=before),
        "refusals": RefusedHour.objects.filter(hour__lte=before),
    }
