"""Why a provider could not be asked, for the log: a certificate, a name, a proxy. Callers are told that it could not.

A line a minute for each provider, whatever comes in: in an outage every request fails.
"""

import logging
import time

MINUTE = 60.0

log = logging.getLogger(__name__)
_told: dict[str, float] = {}  # when, by provider


def tell(provider: str, reason: str) -> None:
    now = time.monotonic()
    if now - _told.get(provider, -MINUTE) >= MINUTE:
        _told[provider] = now
        log.warning("%s gives no answer: %s", provider, reason)
