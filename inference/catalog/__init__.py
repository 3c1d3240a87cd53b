"""What is offered, at which price.

catalog.toml   the reviewed file that a new database starts from
loading        that file into the database
row_check      what is wrong with a row, in sentences
aliases        other names of models
snapshot       models as offered now, a few seconds old
succession     which model answers under a name whose own model is over
availability   what a provider says of a model that it no longer has
pricing        price sheets and the formula
"""

from inference.catalog.loading import load
from inference.catalog.snapshot import (
    SNAPSHOT_SECONDS,
    Catalog,
    Listing,
    PricePoint,
    current,
    current_sync,
    forget,
)

__all__ = ["SNAPSHOT_SECONDS", "Catalog", "Listing", "PricePoint", "current", "current_sync", "forget", "load"]
