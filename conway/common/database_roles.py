"""Two roles of PostgreSQL. The owner makes tables and changes them: `migrate` and `fill_books` are for it. The
application has what it needs of each table and no more: nobody who takes it over can rewrite what was booked.

A model says what the application may do with its rows in APPLICATION_MAY; without, everything but TRUNCATE. Whatever is
no model's table is only to be read.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

ALL_ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE")
LOGIN = ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS")  # not NAME: a test's database keeps its own


@contextmanager
def as_owner() -> Iterator[None]:
    """Django's connection is the owner's meanwhile; nothing changes where there is one role for all."""
    before = {name: connection.settings_dict[name] for name in LOGIN}
    log_in({name: settings.OWNER_DATABASE[name] for name in LOGIN})
    try:
        yield
    finally:
        log_in(before)


def log_in(how: dict[str, object]) -> None:
    if any(connection.settings_dict[name] != value for name, value in how.items()):
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # of PostgreSQL's backend
        connection.settings_dict.update(how)


def application() -> str | None:
    """Its role, if it is another than the owner's."""
    role: str = settings.APPLICATION_ROLE
    return role if role != settings.OWNER_DATABASE["USER"] else None


def rights() -> dict[str, tuple[str, ...]]:
    """What the application may do, by table."""
    models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    return {
        table: getattr(models[table], "APPLICATION_MAY", ALL_ROWS) if table in models else ("SELECT",)
        for table in connection.introspection.table_names(include_views=True)
    }


def grant(role: str) -> None:
    """Grants the role its rights, as the owner, in one transaction: an application at work does not notice."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))
        cursor.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(sql.Identifier(role)))
        for table, may in rights().items():
            statement = sql.SQL("GRANT {} ON {} TO {}").format(
                sql.SQL(", ").join(map(sql.SQL, may)), sql.Identifier(table), sql.Identifier(role)
            )
            cursor.execute(statement)
