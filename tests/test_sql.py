"""How SQL stands in Python: each statement at the end of its module, under a name of its own that ends in `_SQL`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STATEMENT = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH( RECURSIVE)? \w+)\s")
CODE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FILES = [
    path
    for app in ("conway", "accounts", "credits", "inference")
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
]


def begins(value: ast.expr | None) -> str:
    """What a string begins with, plain or formatted. A ReceiptStatement has a type and needs no such name."""
    match value:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr([ast.Constant(str(text)), *_]):
            return text
    return ""


def is_part(node: ast.AST) -> bool:
    return isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name)


def statements(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Constants of the module that hold a whole statement, not a part of others."""
    parts = {node.value.id for node in ast.walk(tree) if is_part(node)}
    for place, node in enumerate(tree.body):
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=value) if name not in parts and STATEMENT.match(
                begins(value)
            ):
                yield name, place


PLACED = {path.relative_to(ROOT).as_posix(): list(statements(ast.parse(path.read_text()))) for path in FILES}


def test_statements_are_found() -> None:
    assert sum(map(len, PLACED.values())) > 25


@pytest.mark.parametrize("file", [file for file, found in PLACED.items() if found])
def test_a_statement_is_named_as_one(file: str) -> None:
    assert [name for name, _ in PLACED[file] if not name.endswith("_SQL")] == []


@pytest.mark.parametrize("file", [file for file, found in PLACED.items() if found])
def test_a_statement_stands_below_the_code(file: str) -> None:
    body = ast.parse((ROOT / file).read_text()).body
    code = [place for place, node in enumerate(body) if isinstance(node, CODE)]
    assert [name for name, place in PLACED[file] if code and place < max(code)] == []


def test_no_two_statements_have_one_name() -> None:
    names = [name for found in PLACED.values() for name, _ in found]
    assert sorted({name for name in names if names.count(name) > 1}) == []


# What a session keeps after its transaction: behind PgBouncer's transaction mode the next one has another session.
OF_A_SESSION = re.compile(
    r"pg_(try_)?advisory_(lock|unlock)|\b(UN)?LISTEN \w|^\s*SET (?!LOCAL\b)[a-z_.]+ (=|TO)"
    r"|SET (SESSION|ROLE|TIME ZONE)\b|set_config\([^()]*(,\s*(false|%s))\)|\bWITH HOLD\b"
    r"|^\s*(PREPARE|DEALLOCATE|DECLARE|DISCARD) |\bTEMP(ORARY)? TABLE\b"
)


def texts(tree: ast.AST) -> Iterator[str]:
    """Every string that is no docstring, plain or a piece of a formatted one."""
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, *CODE)) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def kept_by_a_session(tree: ast.AST) -> list[str]:
    """SQL, and calls of Django's `iterator`: outside of a transaction it is a cursor WITH HOLD."""
    calls = [node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and is_iterator(node)]
    return [text for text in texts(tree) if OF_A_SESSION.search(text)] + calls


def is_iterator(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("iterator", "aiterator")


@pytest.mark.parametrize(
    "code",
    [
        "SQL = 'SELECT pg_try_advisory_lock(1)'",
        "SQL = 'LISTEN changes'",
        "SQL = f'SET statement_timeout = {1}'",
        "SQL = 'SET ROLE somebody'",
        "SQL = \"SELECT set_config('a.b', 'on', false)\"",
        "SQL = 'CREATE TEMP TABLE found (id bigint)'",
        "SQL = 'DECLARE some CURSOR WITH HOLD FOR SELECT 1'",
        "rows = Row.objects.iterator()",
    ],
)
def test_what_a_session_keeps_is_found(code: str) -> None:
    assert kept_by_a_session(ast.parse(code))


@pytest.mark.parametrize("sql", ["SET LOCAL work_mem = '1GB'", "SELECT pg_advisory_xact_lock(1)", "UPDATE a SET b = 1"])
def test_what_a_transaction_keeps_is_not(sql: str) -> None:
    assert not kept_by_a_session(ast.parse(f"SQL = {sql!r}"))


@pytest.mark.parametrize("file", PLACED)
def test_nothing_is_kept_by_a_session(file: str) -> None:
    assert kept_by_a_session(ast.parse((ROOT / file).read_text())) == []
