"""How often callers we know were refused, by hour: counted in memory and written now and then, so that somebody who is
refused a thousand times a second costs no statement for it. Nothing of a refused request is kept.
"""

from collections import Counter

from accounts.authentication import Caller
from conway.common import database
from conway.common.database import DatabaseUnavailable
from conway.common.errors import ApiError

MOST = 10_000  # kinds of refusals between two writes; what is beyond is not counted
WRITE_SECONDS = 15

Kind = tuple[int, int | None, int, str]  # user, key, status, code

_counts: Counter[Kind] = Counter()


def note(caller: Caller | None, error: ApiError) -> None:
    """Failures of ours are no refusals; who is not known is nobody's concern."""
    user_id, key_id = (caller.user_id, caller.key_id) if caller else error.whose or (None, None)
    if user_id is None or error.status >= 500:
        return
    kind = (user_id, key_id, error.status, error.code)
    if kind in _counts or len(_counts) < MOST:
        _counts[kind] += 1


async def write() -> None:
    """A serving process calls it now and then, and at its end. Whoever is gone by then is passed over."""
    if not _counts:
        return
    counted = dict(_counts)
    _counts.clear()
    users, keys, statuses, codes = (list(column) for column in zip(*counted, strict=True))
    rows = {"users": users, "keys": keys, "statuses": statuses, "codes": codes, "numbers": list(counted.values())}
    try:
        await database.execute(WRITE_REFUSALS_SQL, rows)
    except DatabaseUnavailable:
        _counts.update(counted)
        raise


WRITE_REFUSALS_SQL = """
INSERT INTO inference_refusedhour AS was (user_id, key_id, hour, status, code, number)
SELECT user_id, key_id, date_trunc('hour', clock_timestamp(), 'UTC'), status, code, number
FROM unnest(%(users)s::bigint[], %(keys)s::bigint[], %(statuses)s::int[], %(codes)s::text[], %(numbers)s::bigint[])
     AS refused (user_id, key_id, status, code, number)
WHERE EXISTS (SELECT FROM accounts_user WHERE id = refused.user_id)
  AND (key_id IS NULL OR EXISTS (SELECT FROM accounts_apikey WHERE id = refused.key_id))
ON CONFLICT (user_id, key_id, hour, status, code) DO UPDATE SET number = was.number + excluded.number"""
