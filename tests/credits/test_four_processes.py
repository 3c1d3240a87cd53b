"""Four processes on two hundred accounts: nobody meets a deadlock, and the books agree to the cent.

`make trial` goes on for half a minute; here it is a look.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest
from django.db import connection

from accounts.models import ApiKey, User
from credits import audit, ledger
from credits.models import CreditAccount, CreditTransaction, Hold
from tests.served import this_database

pytestmark = pytest.mark.django_db(transaction=True)

PROCESSES = 4
ACCOUNTS = 200
SECONDS = 30.0 if os.environ.get("CONWAY_LONG_TESTS") == "1" else 3.0
LIMITS: tuple[dict[str, Any], ...] = (
    {},
    {"limit_cents": 2000},
    {"limit_cents": 900, "limit_period": "day"},
    {"requests_per_minute": 60},
    {"concurrency": 2},
)


def test_four_processes_on_the_same_accounts_keep_the_books() -> None:
    users = User.objects.bulk_create(User(email=f"buyer-{number}@example.org") for number in range(ACCOUNTS))
    for user in users:
        ledger.top_up(user=user, cents=3000, reference=f"buyer-{user.pk}", reason="To spend", by=None)
    pairs: list[Any] = [
        (user.pk, key and ApiKey.issue(user=user, name="any", **random.choice(LIMITS))[0].pk)
        for user in users
        for key in (False, True, True)
    ]
    pairs = [(user, key or None) for user, key in pairs]
    before = deadlocks()
    buyers = [buyer(seed, pairs) for seed in range(PROCESSES)]
    for process in buyers:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in buyers:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    staff_books(users)
    tally: Counter[str] = Counter()
    for process in buyers:
        said, _ = process.communicate(timeout=SECONDS + 60)
        assert process.returncode == 0
        tally.update(json.loads(said))
    print(dict(tally))
    assert not [what for what in tally if what.startswith(("unavailable", "unknown"))]
    assert tally["settled"] > 100
    assert deadlocks() == before
    assert not Hold.objects.exists()
    assert not CreditAccount.objects.exclude(held_cents=0, running=0).exists()
    assert list(audit.faults()) == []


def staff_books(users: list[User]) -> None:
    """Meanwhile: top-ups and refunds, each with its account locked for as long as it takes to type."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        user = random.choice(users)
        ledger.top_up(user=user, cents=500, reference=f"more-{time.monotonic_ns()}", reason="More", by=None)
        charge = CreditTransaction.objects.filter(account=user.pk, type="inference").last()
        if charge is not None and not charge.reference.endswith(".corrected"):
            try:
                ledger.refund(reference=charge.reference, cents=1, reason="Sorry", by=None)
            except ledger.NotRefundable:
                pass
        time.sleep(0.02)


def buyer(seed: int, pairs: list[Any]) -> "subprocess.Popen[str]":
    told = json.dumps({"seconds": SECONDS, "seed": seed, "pairs": pairs})
    return subprocess.Popen(
        [sys.executable, "-m", "tests.credits.buyer", told],
        env={**os.environ, "DATABASE_URL": this_database()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
