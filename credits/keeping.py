"""Days that are over are summed up before anybody asks, so that the first page of a long history is as quick as the
others. Every serving process goes through all accounts once a day; what another has done is passed over.
"""

from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from django.db import connection

from conway.common.clock import EARLIEST, SETTLED_AFTER, midnight
from credits.figures import database_now, kept_until

ACCOUNTS_AT_ONCE = 100


@dataclass
class Keeper:
    over: date | None = None  # the day up to which it sums up
    after: int = 0  # the account that was looked at last
    is_done: bool = False  # with all accounts

    def step(self) -> int:
        """Sums up what the next accounts need, and returns how many it looked at: none where all are done. So few at
        once, because a process that is to stop waits for them.
        """
        over = (database_now() - SETTLED_AFTER).astimezone(UTC).date()
        if over != self.over:
            self.over, self.after, self.is_done = over, 0, False
        if self.is_done:
            return 0
        accounts = following(over, self.after)
        for user_id, is_behind in accounts:
            if is_behind:
                kept_until(user_id)
            self.after = user_id
        self.is_done = len(accounts) < ACCOUNTS_AT_ONCE
        return len(accounts)


keeper = Keeper()


def following(over: date, after: int) -> list[tuple[int, bool]]:
    """The next accounts, and whether each has a transaction in a day that is over and not summed up."""
    values: dict[str, Any] = {
        "over": over,
        "end": midnight(over),
        "earliest": EARLIEST,
        "after": after,
        "limit": ACCOUNTS_AT_ONCE,
    }
    with connection.cursor() as cursor:
        cursor.execute(BEHIND_SQL, values)
        return [(user_id, is_behind) for user_id, is_behind in cursor.fetchall()]


BEHIND_SQL = """
SELECT a.user_id, coalesce(s.until < %(over)s, true) AND EXISTS (
  SELECT FROM credits_credittransaction t
  WHERE t.account_id = a.user_id AND t.created_at < %(end)s
    AND t.created_at >= coalesce(s.until, %(earliest)s)::timestamp AT TIME ZONE 'UTC')
FROM (SELECT user_id FROM credits_creditaccount WHERE user_id > %(after)s ORDER BY user_id LIMIT %(limit)s) a
LEFT JOIN credits_summeddays s ON s.account_id = a.user_id
ORDER BY a.user_id"""
