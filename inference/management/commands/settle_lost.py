import asyncio
import time
from typing import Any

from conway.common import commands, database
from credits.models import Hold
from inference.completion import recovery


class Command(commands.Command):
    help = (
        "Settles what dead processes left open; it also runs by itself while serving. "
        "Takes half a minute: it has to see that a hold does not move."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        replayed, lost = asyncio.run(settle())
        self.stdout.write(f"{replayed} settlements replayed, {lost} completions settled as lost")


async def settle() -> tuple[int, int]:
    lost = 0
    try:
        replayed = await recovery.replay()
        until = time.monotonic() + recovery.LOST_SECONDS + 1
        while time.monotonic() < until:
            lost += await recovery.look()
            if not await Hold.objects.aexists():
                break
            await asyncio.sleep(recovery.LOOK_SECONDS)
        return replayed, lost + await recovery.look()
    finally:
        await database.close()
