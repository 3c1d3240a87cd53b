"""Days that are over are summed up before anybody asks, so that the first page of a long history is as quick as the
others. Every serving process goes through all accounts once a day; what another has done is passed over.
"""

from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from django.db import connection

from conway.common.clock import EARLIEST, SETTLED_AFTER, midnight
from credits.figures import database_now, kept_until

ACCOUNTS_AT_ONCE = 2_000


@dataclass
class Keeper:
    done: date | None = None  # up to this day, for all accounts
    after: int = 0  # the account that was looked at last

    def look(self) -> int:
        """How many accounts were summed up here."""
        over = (database_now() - SETTLED_AFTER).astimezone(UTC).date()
        summed = 0
        while self.done != over:
            waiting, last = behind(over, self.after)
            for user_id in waiting:
                kept_until(user_id)
            summed += len(waiting)
            self.after = last or 0
            if last is None:
                self.done = over
        return summed


keeper = Keeper()


def behind(over: date, after: int) -> tuple[list[int], int | None]:
    """Of the next accounts those with a transaction in a day that is over and not summed up; and the last of them all,
    None at the end.
    """
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {
            "over": over,
            "end": midnight(over),
            "earliest": EARLIEST,
            "after": after,
            "limit": ACCOUNTS_AT_ONCE,
        }
        cursor.execute(BEHIND_SQL, asked)
        rows = cursor.fetchall()
    last = rows[-1][0] if len(rows) == ACCOUNTS_AT_ONCE else None
    return [user_id for user_id, is_behind in rows if is_behind], last


BEHIND_SQL = """
SELECT a.user_id, coalesce(s.until < %(over)s, true) AND EXISTS (
  SELECT FROM credits_credittransaction t
  WHERE t.account_id = a.user_id AND t.created_at < %(end)s
    AND t.created_at >= coalesce(s.until, %(earliest)s)::timestamp AT TIME ZONE 'UTC')
FROM (SELECT user_id FROM credits_creditaccount WHERE user_id > %(after)s ORDER BY user_id LIMIT %(limit)s) a
LEFT JOIN credits_summeddays s ON s.account_id = a.user_id
ORDER BY a.user_id"""
