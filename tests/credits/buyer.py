"""One of the processes of test_four_processes.py: many clients at once, on accounts that the others use too.

Is told the seconds, a seed and (user, key or null) pairs; ends by telling how often what happened.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")
django.setup()

from conway.common import database
from conway.common.database import DatabaseUnavailable
from credits import ledger
from tests.credits.ledger_driver import RECEIPT

CLIENTS = 40


async def client(pairs: list[list[int | None]], dice: random.Random, until: float, name: str) -> Counter[str]:
    tally: Counter[str] = Counter()
    number = 0
    while time.monotonic() < until:
        number += 1
        user_id, key_id = dice.choice(pairs if dice.random() < 0.7 else pairs[:4])  # and four that everybody wants
        assert user_id is not None
        try:
            tally[await buy(f"{name}-{number}", user_id, key_id, dice)] += 1
        except DatabaseUnavailable as error:
            tally[f"unavailable: {error}"] += 1
    return tally


async def buy(completion_id: str, user_id: int, key_id: int | None, dice: random.Random) -> str:
    need = dice.randrange(20)
    asking = asyncio.create_task(
        ledger.admit(
            completion_id=completion_id, user_id=user_id, key_id=key_id, need_cents=need,
            worst_cents=need + dice.randrange(60), process="buyer", details={}, idempotent=dice.random() < 0.2,
        )
    )  # fmt: skip
    if dice.random() < 0.05:  # hangs up, and what it was admitted is given back
        await asyncio.sleep(dice.random() / 100)
        asking.cancel()
    try:
        await asking
    except ledger.AdmissionDenied as refused:
        return refused.reason
    except asyncio.CancelledError:
        await settle(completion_id, user_id, key_id, 0, "exact")
        return "left"
    charged = dice.randrange(40) if dice.random() < 0.9 else dice.randrange(400)
    if dice.random() < 0.1:  # taken for dead, and then not
        await settle(completion_id, user_id, key_id, dice.randrange(60), "lost")
    for _ in range(1 + (dice.random() < 0.1)):
        await settle(completion_id, user_id, key_id, charged, "exact")
    return "settled"


async def settle(completion_id: str, user_id: int, key_id: int | None, charged: int, how: str) -> None:
    params = {
        "completion_id": completion_id, "user_id": user_id, "details": {}, "description": "",
        "row": {"key_id": key_id, "charged": charged, "how": how},
    }  # fmt: skip
    await ledger.settle(receipt=RECEIPT, params=params)


async def main(seconds: float, seed: int, pairs: list[list[int | None]]) -> Counter[str]:
    dice, until = random.Random(seed), time.monotonic() + seconds
    clients = [client(pairs, random.Random(dice.random()), until, f"buyer-{seed}-{each}") for each in range(CLIENTS)]
    tallies: list[Counter[str]] = await asyncio.gather(*clients)
    await database.close()
    return sum(tallies, Counter[str]())


if __name__ == "__main__":
    told: dict[str, Any] = json.loads(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()  # all begin at once
    print(json.dumps(asyncio.run(main(**told))), flush=True)
