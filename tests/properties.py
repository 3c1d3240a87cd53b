"""How hard a property is tried: a short form in `make test`, the long one in `make properties`.

No example has a deadline, nor has their making: on a busy machine both would fail what is right.
"""

import os

from hypothesis import HealthCheck, settings

LONG = bool(os.environ.get("CONWAY_LONG_TESTS"))
SHORTER = 4
FEWEST = 25
OF_TIME = (HealthCheck.too_slow, HealthCheck.data_too_large)


def examples(number: int) -> int:
    """So many in the long form."""
    return number if LONG else max(FEWEST, number // SHORTER)


def load_profile() -> None:
    settings.register_profile("ours", deadline=None, max_examples=examples(200), suppress_health_check=OF_TIME)
    settings.load_profile("ours")
