"""The maps a newcomer reads: package docstrings name every module, and no text names a file that is gone."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import openai
import pytest

ROOT = Path(__file__).parent.parent
APPS = ("conway", "accounts", "credits", "inference")
DOCUMENTS = [  # the providers' pages name files of the providers' own libraries
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
    if "providers" not in path.parts
]
SOURCES = [
    path.relative_to(ROOT).as_posix()
    for app in APPS
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
]
OF_DJANGO = {"__init__", "__main__", "apps", "urls"}  # names that say themselves what they hold
FOLDERS_OF_DJANGO = {"migrations", "commands", "management", "templatetags"}
FILE = re.compile(r"(?<![\w/.*-])((?:[\w-]+/)*[a-z_0-9]+\.(?:py|toml))\b")
TEXTS = (".py", ".md", ".html", ".txt", ".css", ".js", ".toml", ".yaml", ".yml")
FOREIGN = {"var", "node_modules", "data", "static", ".venv"}  # what is installed, recorded or vendored
APPLIED = re.compile(r"\b\d{4}_\w+")  # a migration that a database has seen keeps its name
ROW = re.compile(r"^ *([a-z_0-9]+)(?:\.py|/)?(?:, [a-z_]+)* {2,}\S", re.MULTILINE)  # `name   what it holds`


def packages() -> Iterator[Path]:
    for app in APPS:
        for init in sorted((ROOT / app).rglob("__init__.py")):
            if not FOLDERS_OF_DJANGO & set(init.parent.parts):
                yield init.parent


def docstring(package: Path) -> str:
    return ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""


def modules(package: Path) -> set[str]:
    return {path.stem for path in package.glob("*.py")} - OF_DJANGO


def trees() -> Iterator[Path]:
    """Where a file may stand: ours, and the library whose types our formats follow."""
    yield from (ROOT / name for name in (*APPS, "tests", "bench"))
    yield Path(openai.__file__).parent


@cache
def files_there() -> list[str]:
    return [path.as_posix() for tree in trees() for kind in ("*.py", "*.toml") for path in tree.rglob(kind)]


@cache
def exists(name: str) -> bool:
    """Wherever it stands: a text may leave out the folders above."""
    return (ROOT / name).exists() or any(path.endswith(f"/{name}") for path in files_there())


NAMED = {package.relative_to(ROOT).as_posix(): package for package in packages()}


@pytest.mark.parametrize("name", NAMED)
def test_a_package_names_each_of_its_modules(name: str) -> None:
    written = docstring(NAMED[name])
    assert [module for module in modules(NAMED[name]) if not re.search(rf"\b{module}\b", written)] == []


@pytest.mark.parametrize("name", NAMED)
def test_a_package_names_nothing_that_is_gone(name: str) -> None:
    package, written = NAMED[name], docstring(NAMED[name])
    there = {path.stem for path in package.iterdir()}
    assert [row for row in ROW.findall(written) if row not in there] == []
    assert [file for file in FILE.findall(written) if not exists(file)] == []


def test_no_text_names_a_file_that_is_gone() -> None:
    texts = {name: (ROOT / name).read_text() for name in (*DOCUMENTS, *SOURCES)}
    gone = {name: [file for file in FILE.findall(text) if not exists(file)] for name, text in texts.items()}
    assert {name: files for name, files in gone.items() if files} == {}


def test_the_documents_do_name_files() -> None:
    assert len(set(FILE.findall((ROOT / "docs/flow.md").read_text()))) > 20


GLOSSARY = (ROOT / "docs/glossary.md").read_text().partition("## Words not used")[2]
UNUSED = [word for row in re.findall(r"^\| ([a-z, ]+) \| [a-z ]", GLOSSARY, re.MULTILINE) for word in row.split(", ")]
UNUSED.remove("not")  # the table's head
# Alone or as a part of a name: `at_desk`, `DESK`, `desk.css`.
UNUSED_WORD = re.compile(rf"(?<![a-z])(?:{'|'.join(UNUSED)})s?(?![a-z])", re.IGNORECASE)


def our_texts() -> Iterator[Path]:
    yield from (path for path in ROOT.iterdir() if path.suffix in TEXTS or path.name in ("Makefile", ".env.example"))
    for folder in (*APPS, "templates", "tests", "bench", "docs", "deploy"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in TEXTS and not FOREIGN & set(path.relative_to(ROOT).parts[:-1]):
                yield path
    yield from (ROOT / "conway/static").glob("*.css")


def test_no_text_and_no_name_uses_a_word_that_the_field_has_another_for() -> None:
    found = {}
    for path in our_texts():
        name = path.relative_to(ROOT).as_posix()
        if name not in ("docs/glossary.md", "tests/test_maps.py"):
            words = UNUSED_WORD.findall(APPLIED.sub("", f"{name}\n{path.read_text()}"))
            found[name] = sorted(set(words))
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize("text", ["at_desk", "DESK = 1", "the desk's", "table.desk", "till_completion", "two shoppers"])
def test_each_of_these_words_would_be_found(text: str) -> None:
    assert UNUSED_WORD.search(text) and not UNUSED_WORD.search("a desktop's warehouse, until still")
