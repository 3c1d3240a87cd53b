from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.timezone import now

from accounts import pruning
from conway.models import Alert

ALERTS_KEPT = timedelta(days=400)  # closed ones, so that a year can be looked back on


class Command(BaseCommand):
    help = "Removes what is over, everywhere: what `prune_accounts` does, and old alerts. Run it once a day."

    def handle(self, *args: Any, **options: Any) -> None:
        removed = pruning.prune()
        old = Alert.objects.filter(state=Alert.State.CLOSED, closed_at__lte=now() - ALERTS_KEPT)
        removed["alerts"] = sum(pruning.pieces(old))
        for what, number in removed.items():
            self.stdout.write(f"{what}: {number}")
