from typing import Any

from accounts import pruning
from conway.common import commands


class Command(commands.Command):
    help = "Removes what is over: sessions, nonces, counts of attempts, links and refresh tokens. Run it once a day."

    def handle(self, *args: Any, **options: Any) -> None:
        for what, number in pruning.prune().items():
            self.stdout.write(f"{what}: {number}")
