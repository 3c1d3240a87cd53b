"""What a provider says of a model that it no longer has, kept in the model's row so that every process knows.

Requests are still sent: the provider is asked each time, and one answer makes the model available again.
"""

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from conway.common import database
from conway.common.database import DatabaseUnavailable
from inference.catalog.snapshot import Listing

NOTED_FOR = timedelta(minutes=1)  # the row is written no more often, however many requests fail

log = logging.getLogger(__name__)


async def note_missing(listing: Listing, moment: datetime) -> None:
    if listing.missing_since is not None and moment - listing.missing_since < NOTED_FOR:
        return
    log.warning("%s has no model %s", listing.provider.title, listing.upstream_id)
    with suppress(DatabaseUnavailable):
        await database.execute(MISSING_SQL, (listing.name,))


async def note_found(listing: Listing) -> None:
    if listing.missing_since is not None:
        with suppress(DatabaseUnavailable):
            await database.execute(FOUND_SQL, (listing.name,))


MISSING_SQL = """
UPDATE inference_chatmodel SET missing_since = clock_timestamp()
WHERE name = %s AND (missing_since IS NULL OR missing_since < clock_timestamp() - interval '1 minute')"""

FOUND_SQL = "UPDATE inference_chatmodel SET missing_since = NULL WHERE name = %s AND missing_since IS NOT NULL"
