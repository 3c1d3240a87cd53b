"""Empties the tables that a transactional test wrote to, and no others.

Django's own flush truncates every table and then makes content types and permissions anew: 116 ms a test, a fifth of
the whole run. Rows that migrations made (permissions, groups) are kept, and put back where a test changed them.

Most tests leave a few rows, and deleting these takes a sixth of the time of truncating their tables, which makes each
table's and each index's file anew. Where there are many rows, or triggers that we may not switch off, it truncates.
"""

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = "kept_by_tests"  # the schema that holds copies of what migrations made
FEW_BYTES = 1_000_000  # of a table: what was deleted stays in it until a vacuum, and is read over


def install() -> None:
    TransactionTestCase._fixture_teardown = lambda self: empty_touched_tables()  # type: ignore[attr-defined]


def keep_what_migrations_made() -> None:
    """Copies every table that is not empty in a migrated database where no test has run yet."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {KEPT} CASCADE; CREATE SCHEMA {KEPT}")
        for table in filled(all_tables()):
            cursor.execute(f'CREATE TABLE {KEPT}."{table}" AS TABLE public."{table}"')


def empty_touched_tables() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")  # the application may neither truncate nor delete everything
        kept = kept_tables()
        touched = [*filled([name for name in all_tables() if name not in kept]), *changed(kept)]
        if not touched:
            return
        cursor.execute(deletion(touched) if may_switch_triggers_off() and are_small(touched) else truncation(touched))
        for table in changed(kept):  # of the touched ones, and of those that follow them by a foreign key
            cursor.execute(f'INSERT INTO public."{table}" OVERRIDING SYSTEM VALUE TABLE {KEPT}."{table}"')


def truncation(tables: list[str]) -> str:
    return f"TRUNCATE {', '.join(map(quoted, tables))} CASCADE"


def deletion(tables: list[str]) -> str:
    """In any order, and past the rule that history does not change: triggers and foreign keys are not looked at."""
    statements = [f"DELETE FROM public.{quoted(table)}" for table in tables]
    return "; ".join(
        ["SET LOCAL session_replication_role = replica", *statements, "SET LOCAL session_replication_role = origin"]
    )


def may_switch_triggers_off() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
        return bool(cursor.fetchone()[0])


def are_small(tables: list[str]) -> bool:
    return not those_where(f"pg_relation_size('public.{{table}}') > {FEW_BYTES}", tables)


def all_tables() -> list[str]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return [*names, "django_migrations"]


def kept_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", [KEPT])
        return [name for (name,) in cursor.fetchall()]


def filled(tables: list[str]) -> list[str]:
    return those_where("EXISTS (SELECT FROM public.{table})", tables)


def changed(kept: list[str]) -> list[str]:
    """A table and its copy differ in some row."""
    one_way = f"TABLE public.{{table}} EXCEPT TABLE {KEPT}.{{table}}"
    other_way = f"TABLE {KEPT}.{{table}} EXCEPT TABLE public.{{table}}"
    return those_where(f"EXISTS ({one_way}) OR EXISTS ({other_way})", kept)


def those_where(condition: str, tables: list[str]) -> list[str]:
    """One statement for all of them."""
    if not tables:
        return []
    cases = [f"CASE WHEN {condition.format(table=quoted(name))} THEN '{name}' END" for name in tables]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT array_remove(ARRAY[{', '.join(cases)}], NULL)")
        return list(cursor.fetchone()[0])


def quoted(name: str) -> str:
    return f'"{name}"'
