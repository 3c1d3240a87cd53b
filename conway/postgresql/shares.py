"""Who takes connections from which pool: pages that are stuck leave those of the API alone, and the other way round.

The inference path has a third pool, its own (conway.common.database).
"""

from contextvars import ContextVar
from typing import Literal

Share = Literal["pages", "api"]

share: ContextVar[Share] = ContextVar("share", default="pages")  # commands and upkeep count as pages


def share_of(path: str) -> Share:
    return "api" if path.startswith("/v1/") else "pages"
