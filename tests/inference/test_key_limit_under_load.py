"""A key limited to N cents, 100 requests at once on two worker processes: its holds never pass N."""

import asyncio
import threading
from collections import Counter
from typing import Any

import httpx2 as httpx
import pytest
from django.db import connection, connections

from accounts.models import ApiKey, User
from credits import audit
from credits.models import CreditTransaction, KeyUse
from inference.reporting import audit as charges
from tests.served import Served, served

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT_CENTS = 45
REQUESTS = 100
ENVIRONMENT = {"CONWAY_SANDBOX": "1", "CONWAY_ACCOUNT_CONCURRENCY": str(REQUESTS)}
# 1,500 output tokens at $25 a million, and the markup: five cents are held for each.
BODY = {
    "model": "claude-opus-4.6",
    "stream": True,
    "max_tokens": 1500,
    "messages": [{"role": "user", "content": "[[pace=60 words=15]]"}],
}


class Samples(threading.Thread):
    """What the key holds and has spent, read from the database again and again."""

    SQL = """SELECT (SELECT coalesce(sum(cents), 0) FROM credits_hold WHERE key_id = %(key)s),
                    coalesce(sum(held_cents), 0), coalesce(sum(held_cents + spent_cents), 0)
             FROM credits_keyuse WHERE key_id = %(key)s"""

    def __init__(self, key_id: int) -> None:
        super().__init__(daemon=True)
        self.key_id = key_id
        self.seen: set[tuple[int, int, int]] = set()
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(0.005):
            with connection.cursor() as cursor:
                cursor.execute(self.SQL, {"key": self.key_id})
                self.seen.add(tuple(map(int, cursor.fetchone())))
        connections.close_all()


async def ask_all(url: str, secret: str) -> list[tuple[int, Any]]:
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=httpx.Limits(max_connections=REQUESTS)) as client:

        async def ask() -> tuple[int, Any]:
            answer = await client.post("/v1/chat/completions", json=BODY, headers={"authorization": secret})
            return answer.status_code, answer

        return await asyncio.gather(*[ask() for _ in range(REQUESTS)])


@pytest.fixture
def server() -> Any:
    with served("manage.py", "serve", "--port", "0", "--workers", "2", **ENVIRONMENT) as server:
        yield server


def test_its_holds_never_pass_it(server: Served, alice: User, run: Any) -> None:
    key, secret = ApiKey.issue(user=alice, name="limited", limit_cents=LIMIT_CENTS)
    samples = Samples(key.pk)
    samples.start()
    answers = run(ask_all(server.url, secret))
    samples.is_over.set()
    samples.join()

    statuses = Counter(status for status, _ in answers)
    assert statuses.keys() == {200, 402}
    assert {answer.json()["error"]["code"] for status, answer in answers if status == 402} == {"key_limit_reached"}
    assert max(held for held, _, _ in samples.seen) == LIMIT_CENTS  # it was used to the last cent
    assert all(held == counted and in_all <= LIMIT_CENTS for held, counted, in_all in samples.seen)

    spent = -sum(CreditTransaction.objects.filter(key=key).values_list("amount_cents", flat=True))
    use = KeyUse.objects.get(key=key)
    assert (use.spent_cents, use.held_cents) == (spent, 0)
    assert statuses[200] == spent <= LIMIT_CENTS  # a cent each
    assert list(audit.faults()) == list(charges.faults()) == []
