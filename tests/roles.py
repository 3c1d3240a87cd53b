"""In which of the database's two roles a test's statements are carried out.

The test's database belongs to the owner. Sessions of this process are the owner's and begin in the application's role,
so that a test which must do what only the owner may can step out of it. Processes that tests start log in as the
application.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from conway.common.database_roles import application
from tests.served import close_session


@contextmanager
def in_the_applications_role() -> Iterator[None]:
    """Where there are two. Between two tests the owner empties the tables (tests/cleaning.py)."""
    if (role := application()) is None:
        yield
        return
    options = connection.settings_dict["OPTIONS"]
    begin_with({**options, "options": f"-c role={role}"})
    yield
    begin_with(options)


def begin_with(options: dict[str, Any]) -> None:
    close_session()
    connection.settings_dict["OPTIONS"] = options


@contextmanager
def as_owner() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def begin_anew(table: str) -> None:
    """Until the transaction is rolled back: the rows that others left dead in it would count when a plan is chosen."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE {table} CASCADE; SET CONSTRAINTS ALL DEFERRED")


def analyze(table: str) -> None:
    """For the application PostgreSQL would skip the table with no more than a warning, and plan by what it knew
    before: by the rows of some other test."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")
