"""From an Authorization header to a Caller, in one round trip to the database.

A database that is down is 503 `database_unavailable`: a 401 would make clients throw good keys away.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from accounts import credentials
from accounts.credentials import Credential, KeyDigest
from conway.common import database
from conway.common.errors import ApiError, database_unavailable


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account had, and a key had used, when authentication looked: enough to refuse early, never to admit."""

    balance_cents: int
    held_cents: int
    used_this_minute: int
    minute_ends_in: float
    seen_at: float

    @property
    def available_cents(self) -> int:
        return self.balance_cents - self.held_cents

    def seconds_left(self) -> float:
        """Of the minute it speaks of."""
        return self.minute_ends_in - (time.monotonic() - self.seen_at)


@dataclass(frozen=True, slots=True)
class Caller:
    user_id: int
    key_id: int | None
    allowed_models: frozenset[str] | None  # None: all
    limit_cents: int | None
    limit_period: str | None  # 'day', 'month'; None with a limit: in total
    requests_per_minute: int | None
    expires_at: datetime | None
    concurrency: int | None = None  # of the account; None: the service's default
    key_concurrency: int | None = None  # None: the account's is enough
    standing: Standing | None = field(default=None, compare=False, repr=False)


# The books' own tables, which stand above us: read in the same statement, because a second one would cost every request
# a round trip.
STANDING = """
       coalesce(a.balance_cents, 0), coalesce(a.held_cents, 0),
       CASE WHEN m.minute = date_trunc('minute', clock_timestamp(), 'UTC') THEN m.minute_used ELSE 0 END,
       (60 - extract(second FROM clock_timestamp()))::float8"""

# digest -> a row; user id -> a row of the same shape
KEY_SQL = f"""
SELECT u.id, k.id, k.allowed_models, k.limit_cents, k.limit_period, k.requests_per_minute, k.expires_at,
       u.concurrency, k.concurrency,
       CASE WHEN k.revoked_at IS NOT NULL THEN 'This API key has been revoked.'
            WHEN k.expires_at <= clock_timestamp() THEN 'This API key has expired.'
            WHEN NOT u.is_active THEN 'This account is deactivated.' END, {STANDING}
FROM accounts_apikey k JOIN accounts_user u ON u.id = k.user_id
LEFT JOIN credits_creditaccount a ON a.user_id = u.id LEFT JOIN credits_keyuse m ON m.key_id = k.id
WHERE k.digest = %s"""

USER_SQL = f"""
SELECT u.id, NULL, NULL, NULL, NULL, NULL, NULL, u.concurrency, NULL,
       CASE WHEN NOT u.is_active THEN 'This account is deactivated.' END, {STANDING}
FROM accounts_user u LEFT JOIN credits_creditaccount a ON a.user_id = u.id LEFT JOIN credits_keyuse m ON false
WHERE u.id = %s"""

STANDING_SQL = f"""
SELECT {STANDING}
FROM accounts_user u LEFT JOIN credits_creditaccount a ON a.user_id = u.id
LEFT JOIN credits_keyuse m ON m.key_id = %s::bigint WHERE u.id = %s"""

TOUCH_SQL = """
UPDATE accounts_apikey SET last_used_at = clock_timestamp()
WHERE id = ANY(%s) AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')"""

CACHE_SECONDS = 5
CACHE_SIZE = 10_000
_cache: dict[Credential, tuple[float, Caller]] = {}
_used: set[int] = set()  # ids of keys that came since their use was last written down


async def authenticate(header: str | bytes | None, *, fresh: bool = False) -> Caller:
    """Raises ApiError 401 or 503.

    Unless `fresh`, a caller seen in the last 5 s is not looked up again: a revoked key may live that much longer,
    except where admission asks the database about it anyway.
    """
    credential = credentials.read(header)
    if fresh or not (caller := remembered(credential)):
        try:
            row = await database.fetch_one(*lookup(credential))
        except database.DatabaseUnavailable as error:
            raise database_unavailable() from error
        caller = caller_of(credential, row)
        remember(credential, caller)
    if caller.key_id is not None:
        _used.add(caller.key_id)
    return caller


def authenticate_sync(header: str | bytes | None) -> Caller:
    """The same for code in threads, through Django's connection; always asks the database, and notes a key's use."""
    credential = credentials.read(header)
    with connection.cursor() as cursor:
        cursor.execute(*lookup(credential))
        caller = caller_of(credential, cursor.fetchone())
        if caller.key_id is not None:
            cursor.execute(TOUCH_SQL, ([caller.key_id],))
    return caller


async def standing_now(caller: Caller) -> Standing:
    """Raises DatabaseUnavailable."""
    row = await database.fetch_one(STANDING_SQL, (caller.key_id, caller.user_id))
    return standing_of(row or (0, 0, 0, 60.0))


def standing_of(row: tuple[Any, ...]) -> Standing:
    balance, held, used, ends_in = row
    return Standing(balance, held, used, ends_in, time.monotonic())


async def touch_keys(ids: Sequence[int]) -> None:
    """Notes that keys were used, to the minute."""
    await database.execute(TOUCH_SQL, (list(ids),))


async def note_use() -> None:
    """Writes down which keys `authenticate` met since the last call; a serving process calls it now and then."""
    ids = list(_used)
    _used.clear()
    if ids:
        await touch_keys(ids)


def lookup(credential: Credential) -> tuple[str, tuple[Any]]:
    if isinstance(credential, KeyDigest):
        return KEY_SQL, (credential.digest,)
    return USER_SQL, (credential.user_id,)


def caller_of(credential: Credential, row: tuple[Any, ...] | None) -> Caller:
    if row is None:
        raise ApiError(401, message="This API key or access token is not valid.")
    user_id, key_id, models, limit, period, rate, expires_at, at_once, at_once_by_key, refusal = row[:10]
    if refusal:
        raise ApiError(401, message=refusal)
    if not isinstance(credential, KeyDigest):
        expires_at = credential.expires_at
    allowed = None if models is None else frozenset(models)
    standing = standing_of(row[10:])
    return Caller(user_id, key_id, allowed, limit, period, rate, expires_at, at_once, at_once_by_key, standing)


def remembered(credential: Credential) -> Caller | None:
    until, caller = _cache.get(credential, (0.0, None))
    if caller is None or until < time.monotonic():
        return None
    return None if caller.expires_at and caller.expires_at <= datetime.now(UTC) else caller


def remember(credential: Credential, caller: Caller) -> None:
    if len(_cache) >= CACHE_SIZE:
        _cache.clear()
    _cache[credential] = (time.monotonic() + CACHE_SECONDS, caller)
