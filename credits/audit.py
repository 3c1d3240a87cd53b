"""Checks the books: every line it yields is a fault. It may run beside a live service on ten million transactions.

Statements are short and each sees one moment. A transaction never changes and an account's ids only rise, so the newest
one there was when the balance was read tells what that balance must be the sum of, however long the walk takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from credits.models import AuditRun, CreditAccount

ACCOUNTS_AT_ONCE = 500
ROWS_AT_ONCE = 50_000


@dataclass(slots=True)
class Walk:
    """One account on the way through its transactions, oldest first."""

    user_id: int
    balance: int
    held: int
    holds: int
    running_said: int
    open_holds: int
    newest: int
    balance_after_newest: int
    walked_to: int = 0
    running: int = 0
    wrong_rows: int = 0
    first_wrong: int = 0


def faults() -> Iterator[str]:
    for walks in _accounts():
        _walk(walks)
        for walk in walks:
            yield from _faults_of(walk)
    yield from _faults_of_keys()
    yield from _faults_of_kept_days()


def record(*, faults: int) -> AuditRun:
    return AuditRun.objects.create(accounts=CreditAccount.objects.count(), faults=faults)


def _faults_of(walk: Walk) -> Iterator[str]:
    account = f"account {walk.user_id}"
    if walk.balance != walk.running:
        yield f"{account}: the balance is {walk.balance} cents, its transactions sum to {walk.running}"
    if walk.balance != walk.balance_after_newest:
        yield f"{account}: the balance is {walk.balance} cents, its newest transaction says {walk.balance_after_newest}"
    if walk.wrong_rows:
        yield (
            f"{account}: the balance after transaction {walk.first_wrong} is not the sum up to it; "
            f"{walk.wrong_rows} such rows"
        )
    if walk.held != walk.holds:
        yield f"{account}: {walk.held} cents are held, its open holds sum to {walk.holds}"
    if walk.running_said != walk.open_holds:
        yield f"{account}: {walk.running_said} requests are said to run, its open holds are {walk.open_holds}"


def _accounts() -> Iterator[list[Walk]]:
    after = 0
    while walks := [Walk(*row) for row in _rows(ACCOUNTS_SQL, {"after": after, "limit": ACCOUNTS_AT_ONCE})]:
        yield walks
        after = walks[-1].user_id


def _walk(walks: list[Walk]) -> None:
    while under_way := {walk.user_id: walk for walk in walks if walk.walked_to < walk.newest}:
        for user_id, walked_to, running, wrong_rows, first_wrong in _rows(
            PACE_SQL,
            {
                "users": list(under_way),
                "walked_to": [walk.walked_to for walk in under_way.values()],
                "newest": [walk.newest for walk in under_way.values()],
                "running": [walk.running for walk in under_way.values()],
                "limit": ROWS_AT_ONCE // len(under_way),
            },
        ):
            walk = under_way[user_id]
            walk.walked_to, walk.running = walked_to, running
            walk.wrong_rows += wrong_rows
            walk.first_wrong = walk.first_wrong or first_wrong or 0


def _faults_of_keys() -> Iterator[str]:
    for key_id, held, holds, running, open_holds in _rows(KEY_USES_SQL, {}):
        if held != holds:
            yield f"key {key_id}: {held} cents are held in its window, its open holds there sum to {holds}"
        if running != open_holds:
            yield f"key {key_id}: {running} requests are said to run, its open holds are {open_holds}"


def _faults_of_kept_days() -> Iterator[str]:
    """What pages add up from must be what the transactions left."""
    for user_id, until, kept, balance in _rows(AUDITED_DAYS_SQL, {}):
        yield f"account {user_id}: the days before {until} are kept as {kept} cents, the balance then was {balance}"


def _rows(sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


ACCOUNTS_SQL = """
WITH account AS MATERIALIZED (
  SELECT user_id, balance_cents, held_cents, running FROM credits_creditaccount
  WHERE user_id > %(after)s ORDER BY user_id LIMIT %(limit)s
)
SELECT user_id, balance_cents, held_cents, coalesce(holds, 0)::bigint, running, coalesce(open_holds, 0),
       coalesce(id, 0), coalesce(balance_after_cents, 0)
FROM account
LEFT JOIN (SELECT account_id, sum(cents) AS holds, count(*) AS open_holds
           FROM credits_hold GROUP BY account_id) hold ON account_id = user_id
LEFT JOIN LATERAL (SELECT id, balance_after_cents FROM credits_credittransaction t
                   WHERE t.account_id = user_id ORDER BY id DESC LIMIT 1) newest ON true
ORDER BY user_id"""

PACE_SQL = """
SELECT user_id, max(id), (walk.running + sum(amount_cents))::bigint,
       count(*) FILTER (WHERE is_wrong), min(id) FILTER (WHERE is_wrong)
FROM unnest(%(users)s::bigint[], %(walked_to)s::bigint[], %(newest)s::bigint[], %(running)s::bigint[])
       AS walk (user_id, walked_to, newest, running)
CROSS JOIN LATERAL (
  SELECT id, amount_cents, walk.running + sum(amount_cents) OVER (ORDER BY id) <> balance_after_cents AS is_wrong
  FROM (SELECT id, amount_cents, balance_after_cents FROM credits_credittransaction
        WHERE account_id = walk.user_id AND id > walk.walked_to AND id <= walk.newest ORDER BY id LIMIT %(limit)s) page
) row
GROUP BY user_id, walk.running"""

KEY_USES_SQL = """
SELECT use.key_id, held_cents, coalesce(holds, 0)::bigint, running, coalesce(open_holds, 0)
FROM credits_keyuse use
LEFT JOIN (SELECT key_id, key_window, sum(cents) AS holds, count(*) AS open_holds
           FROM credits_hold GROUP BY key_id, key_window) hold
  ON hold.key_id = use.key_id AND key_window = window_start
WHERE held_cents <> coalesce(holds, 0) OR running <> coalesce(open_holds, 0)"""

AUDITED_DAYS_SQL = """
SELECT days.account_id, days.until, coalesce(kept.cents, 0)::bigint, coalesce(last.balance_after_cents, 0)
FROM credits_summeddays days
LEFT JOIN (SELECT account_id, sum(cents) AS cents FROM credits_daysum GROUP BY account_id) kept USING (account_id)
LEFT JOIN LATERAL (SELECT balance_after_cents FROM credits_credittransaction t
                   WHERE t.account_id = days.account_id AND t.created_at < days.until::timestamp AT TIME ZONE 'UTC'
                   ORDER BY created_at DESC, id DESC LIMIT 1) last ON true
WHERE coalesce(kept.cents, 0) <> coalesce(last.balance_after_cents, 0)"""
