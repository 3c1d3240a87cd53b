"""From an Authorization header to a Caller, in one round trip to the database.

A database that is down is 503 `database_unavailable`: a 401 would make clients throw good keys away.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from accounts import credentials
from accounts.addresses import Origin, is_allowed
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
        """Seconds until the minute that this answer is about is over."""
        return self.minute_ends_in - (time.monotonic() - self.seen_at)


@dataclass(frozen=True, slots=True)
class Caller:
    user_id: int
    key_id: int | None
    allowed_models: frozenset[str] | None  # None: all
    limit_cents: int | None
    limit_period: str | None  # 'day', 'week', 'month'; None with a limit: in total
    requests_per_minute: int | None
    expires_at: datetime | None
    concurrency: int | None = None  # of the account; None: the service's default
    key_concurrency: int | None = None  # None: the account's is enough
    scope: str = "account"  # or 'inference'
    allowed_addresses: tuple[str, ...] | None = None  # None: from everywhere
    follows_successors: bool = False  # a dearer successor may answer for a model that is over
    usage_in_streams: bool = False  # streams of chat completions end with it where a request does not say
    cache_marks: bool = False  # set by us, for Claude, where a request has none
    proven_at: datetime | None = None  # of an access token: when its sign-in was
    standing: Standing | None = field(default=None, compare=False, repr=False)


WHY_NOT = {
    "revoked": (401, None, "This API key has been revoked."),
    "expired": (401, None, "This API key has expired."),
    "rotated": (401, None, "This API key was rotated, and the time of its old secret is over."),
    "deactivated": (401, None, "This account is deactivated."),
    "ended": (401, None, "This access token was ended: sign in again."),
    "paused": (403, "key_paused", "This API key is paused; its owner can resume it."),
}

NOWHERE = Origin()
CACHE_SECONDS = 5
CACHE_SIZE = 10_000
_cache: dict[Credential, tuple[float, Caller]] = {}
_used: dict[int, Origin] = {}  # ids of keys that came since their use was last written down, and from where


async def authenticate(header: str | bytes | None, *, fresh: bool = False, origin: Origin = NOWHERE) -> Caller:
    """Raises ApiError 401, 403 or 503.

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
    check_origin(caller, origin)
    if caller.key_id is not None:
        _used[caller.key_id] = origin
    return caller


def authenticate_sync(header: str | bytes | None, origin: Origin = NOWHERE) -> Caller:
    """The same for code in threads, through Django's connection; always asks the database, and notes a key's use."""
    credential = credentials.read(header)
    with connection.cursor() as cursor:
        cursor.execute(*lookup(credential))
        caller = caller_of(credential, cursor.fetchone())
        check_origin(caller, origin)
        if caller.key_id is not None:
            cursor.execute(TOUCH_SQL, touched({caller.key_id: origin}))
    return caller


async def standing_now(caller: Caller) -> Standing:
    """Raises DatabaseUnavailable."""
    row = await database.fetch_one(STANDING_SQL, (caller.key_id, caller.user_id))
    return standing_of(row or (0, 0, 0, 60.0))


def standing_of(row: tuple[Any, ...]) -> Standing:
    balance, held, used, ends_in = row
    return Standing(balance, held, used, ends_in, time.monotonic())


def check_origin(caller: Caller, origin: Origin) -> None:
    if caller.allowed_addresses is not None and not is_allowed(origin.address, caller.allowed_addresses):
        message = f"This API key may not be used from {origin.address or 'an unknown address'}."
        raise of(caller.user_id, caller.key_id, ApiError(403, "address_not_allowed", message))


def of(user_id: int, key_id: int | None, error: ApiError) -> ApiError:
    """Says whose credential is refused: its owner sees how often that happens."""
    error.whose = user_id, key_id
    return error


async def note_use() -> None:
    """Writes down which keys `authenticate` met since the last call; a serving process calls it now and then."""
    used = dict(_used)
    _used.clear()
    if used:
        await database.execute(TOUCH_SQL, touched(used))


def touched(used: Mapping[int, Origin]) -> dict[str, list[Any]]:
    return {
        "ids": list(used),
        "addresses": [origin.address or None for origin in used.values()],
        "agents": [origin.agent for origin in used.values()],
    }


def lookup(credential: Credential) -> tuple[str, dict[str, Any]]:
    if isinstance(credential, KeyDigest):
        return KEY_SQL, {"digest": credential.digest}
    return USER_SQL, {"user_id": credential.user_id, "epoch": credential.epoch, "family": credential.family}


def caller_of(credential: Credential, row: tuple[Any, ...] | None) -> Caller:
    if row is None:
        raise ApiError(401, message="This API key or access token is not valid.")
    (
        user_id, key_id, models, limit, period, rate, expires_at, at_once, at_once_by_key, scope, addresses, follows,
        usage_in_streams, cache_marks, refusal,
    ) = row[:15]  # fmt: skip
    if refusal:
        raise of(user_id, key_id, ApiError(*WHY_NOT[refusal]))
    proven_at = None
    if not isinstance(credential, KeyDigest):
        expires_at, scope, proven_at = credential.expires_at, credential.scope, credential.proven_at
    return Caller(
        user_id,
        key_id,
        None if models is None else frozenset(models),
        limit,
        period,
        rate,
        expires_at,
        at_once,
        at_once_by_key,
        scope,
        None if addresses is None else tuple(addresses),
        follows,
        usage_in_streams,
        cache_marks,
        proven_at,
        standing_of(row[15:]),
    )


def remembered(credential: Credential) -> Caller | None:
    until, caller = _cache.get(credential, (0.0, None))
    if caller is None or until < time.monotonic():
        return None
    return None if caller.expires_at and caller.expires_at <= datetime.now(UTC) else caller


def remember(credential: Credential, caller: Caller) -> None:
    if len(_cache) >= CACHE_SIZE:
        _cache.clear()
    _cache[credential] = (time.monotonic() + CACHE_SECONDS, caller)


# The books' own tables, which stand above us: read in the same statement, because a second one would cost every request
# a round trip.
STANDING = """
       coalesce(a.balance_cents, 0), coalesce(a.held_cents, 0),
       CASE WHEN m.minute = date_trunc('minute', clock_timestamp(), 'UTC') THEN m.minute_used ELSE 0 END,
       (60 - extract(second FROM clock_timestamp()))::float8"""

# digest -> a row; user id, epoch and family of a token -> a row of the same shape. After the reason why not comes the
# account's standing.
KEY_SQL = f"""
SELECT u.id, k.id, k.allowed_models, k.limit_cents, k.limit_period, k.requests_per_minute,
       CASE WHEN k.digest = %(digest)s THEN k.expires_at ELSE least(k.expires_at, k.previous_until) END,
       u.concurrency, k.concurrency, k.scope, k.allowed_addresses, u.follows_successors,
       k.usage_in_streams, k.cache_marks,
       CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked'
            WHEN k.expires_at <= clock_timestamp() THEN 'expired'
            WHEN NOT u.is_active THEN 'deactivated'
            WHEN k.digest <> %(digest)s AND k.previous_until <= clock_timestamp() THEN 'rotated'
            WHEN k.paused_at IS NOT NULL THEN 'paused' END, {STANDING}
FROM accounts_apikey k JOIN accounts_user u ON u.id = k.user_id
LEFT JOIN credits_creditaccount a ON a.user_id = u.id LEFT JOIN credits_keyuse m ON m.key_id = k.id
WHERE k.digest = %(digest)s OR k.previous_digest = %(digest)s"""

USER_SQL = f"""
SELECT u.id, NULL, NULL, NULL, NULL, NULL, NULL, u.concurrency, NULL, 'account', NULL, u.follows_successors,
       false, false,
       CASE WHEN NOT u.is_active THEN 'deactivated'
            WHEN coalesce((extract(epoch FROM u.tokens_valid_after) * 1000000)::bigint, 0) <> %(epoch)s THEN 'ended'
            WHEN EXISTS (SELECT FROM accounts_refreshtoken r
                         WHERE r.family = %(family)s AND r.revoked_at IS NOT NULL) THEN 'ended' END, {STANDING}
FROM accounts_user u LEFT JOIN credits_creditaccount a ON a.user_id = u.id LEFT JOIN credits_keyuse m ON false
WHERE u.id = %(user_id)s"""

STANDING_SQL = f"""
SELECT {STANDING}
FROM accounts_user u LEFT JOIN credits_creditaccount a ON a.user_id = u.id
LEFT JOIN credits_keyuse m ON m.key_id = %s::bigint WHERE u.id = %s"""

TOUCH_SQL = """
UPDATE accounts_apikey k
SET last_used_at = clock_timestamp(), last_used_address = used.address::inet, last_used_agent = used.agent
FROM unnest(%(ids)s::bigint[], %(addresses)s::text[], %(agents)s::text[]) used (id, address, agent)
WHERE k.id = used.id AND (k.last_used_at IS NULL OR k.last_used_at < clock_timestamp() - interval '1 minute')"""
