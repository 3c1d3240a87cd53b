"""How often an account may ask for what costs it nothing, counted in this process."""

import time
from dataclasses import dataclass, field

from conway.common.errors import ApiError

MOST_ACCOUNTS = 10_000


@dataclass(slots=True)
class Pace:
    """`per_minute` at once, and as many again over a minute."""

    what: str
    per_minute: int
    left: dict[int, tuple[float, float]] = field(default_factory=dict)  # account → how many, as of when

    def spend(self, account: int) -> None:
        """Raises ApiError 429."""
        now = time.monotonic()
        left, since = self.left.pop(account, (float(self.per_minute), now))
        left = min(float(self.per_minute), left + (now - since) * self.per_minute / 60)
        if len(self.left) >= MOST_ACCOUNTS:
            del self.left[next(iter(self.left))]  # the account that has not asked for longest
        self.left[account] = (left - 1 if left >= 1 else left, now)
        if left < 1:
            wait = max(1, round((1 - left) * 60 / self.per_minute))
            sentence = f"{self.what} are limited to {self.per_minute} a minute; wait {wait} s."
            raise ApiError(429, "rate_limit_exceeded", sentence, headers={"retry-after": str(wait)})
