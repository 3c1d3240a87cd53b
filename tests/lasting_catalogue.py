"""The catalogue of most tests: whichever day they run on, each model answers under its own name.

It takes two hundred statements to load the file, so that a process does it once for a database; from then on it copies
the rows. They keep their keys, by which a server that outlives a test knows them.
"""

from functools import cache

from django.db import connection, models, transaction

from inference import catalog
from inference.models import ChatModel, Price
from tests.served import this_database


def load() -> None:
    """As the file has it, but that no successor answers yet: tests/inference/catalog asks what happens when."""
    if ChatModel.objects.exists() or Price.objects.exists():
        load_file()
    else:
        copy(rows_of_the_file(this_database()))
    catalog.forget()


def load_file() -> None:
    catalog.load()
    ChatModel.objects.update(successor_from=None)


@cache
def rows_of_the_file(database: str) -> tuple[str, str]:
    """Of empty tables, which it leaves as they were; the keys are spent, in the database that gave them."""
    with transaction.atomic():
        load_file()
        found = rows_of(ChatModel), rows_of(Price)
        transaction.set_rollback(True)
    return found


def copy(rows: tuple[str, str]) -> None:
    of_models, of_prices = rows
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(insertion(ChatModel), [of_models])
        cursor.execute(insertion(Price, starts_at=IN_FORCE), [of_prices])


def rows_of(model: type[models.Model]) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT json_agg(to_json(row))::text FROM {model._meta.db_table} row")
        return str(cursor.fetchone()[0])


def insertion(model: type[models.Model], **instead: str) -> str:
    """Of rows in JSON; a moment that the database gives is given anew."""
    columns = [
        str(field.column)
        for field in model._meta.concrete_fields
        if not (field.has_db_default() and isinstance(field, models.DateTimeField))
    ]
    values = [instead.get(column, column) for column in columns]
    table = model._meta.db_table
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)}"
        f" FROM json_populate_recordset(NULL::{table}, %s::json)"
    )


# What is in force began just before it was loaded, as inference/catalog/loading.py has it.
IN_FORCE = "CASE WHEN starts_at > now() THEN starts_at ELSE now() - interval '1 minute' END"
