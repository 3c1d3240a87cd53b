"""A provider's keys, where it has several: they take turns, and one that the provider refuses rests.

A request that a key was refused for is sent again with the next, at once: the provider took nothing of it. Where all
have been refused, the last refusal is the answer. A provider with one key has nothing to rest for: it is always asked.
"""

import logging
import re
import time
from collections.abc import Collection, Mapping
from functools import lru_cache

REFUSED_SECONDS = 600.0  # revoked, most likely: staff have to look
LIMITED_SECONDS = 30.0  # where the provider does not say how long
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
REST_SECONDS = {401: REFUSED_SECONDS, 429: LIMITED_SECONDS}

log = logging.getLogger(__name__)


class Keys:
    """In this process."""

    def __init__(self, provider: str, keys: tuple[str, ...]) -> None:
        self.provider, self.keys = provider, keys
        self.awake_at = dict.fromkeys(keys, 0.0)
        self.turn = 0

    def next(self, tried: Collection[str] = ()) -> str | None:
        """Whose turn it is of those awake, else who wakes first; None when all were tried."""
        self.turn += 1
        in_turn = [self.keys[(self.turn + step) % len(self.keys)] for step in range(len(self.keys))]
        left = [key for key in in_turn if key not in tried]
        now = time.monotonic()
        return min(left, key=lambda key: max(self.awake_at[key], now), default=None)

    def is_refused(self, key: str, status: int, headers: Mapping[str, str]) -> bool:
        """Whether this answer is about the key and another may do better; then it rests."""
        if status not in REST_SECONDS or len(self.keys) == 1:
            return False
        wait = SECONDS.fullmatch(headers.get("retry-after", "")) if status == 429 else None
        seconds = float(wait[0]) if wait else REST_SECONDS[status]
        self.awake_at[key] = time.monotonic() + min(seconds, REFUSED_SECONDS)
        place = f"key {self.keys.index(key) + 1} of {len(self.keys)}"
        log.warning("%s answers %s to %s, which rests for %.0f s", self.provider, status, place, seconds)
        return True

    @property
    def resting(self) -> int:
        return sum(awake_at > time.monotonic() for awake_at in self.awake_at.values())


@lru_cache(maxsize=64)
def keys_of(provider: str, setting: str) -> Keys:
    """By what the setting says: blanks, commas or lines between several."""
    return Keys(provider, tuple(dict.fromkeys(setting.replace(",", " ").split())))
