"""The maps a newcomer reads (package docstrings, docs/flow.md, docs/architecture.md) name every file, and none that is
gone.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APPS = ("conway", "accounts", "credits", "inference")
DOCUMENTS = ("docs/flow.md", "docs/architecture.md")
OF_DJANGO = {"__init__", "__main__", "apps", "urls"}  # names that say themselves what they hold
FOLDERS_OF_DJANGO = {"migrations", "commands", "management", "templatetags"}
FILE = re.compile(r"(?<![\w/.*-])((?:[\w-]+/)*[a-z_0-9]+\.(?:py|toml))\b")
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


def exists(name: str) -> bool:
    """Wherever it stands: a document may leave out the folders above."""
    return any(path.as_posix().endswith(f"/{name}") for app in APPS for path in (ROOT / app).rglob(Path(name).name))


NAMED = {package.relative_to(ROOT).as_posix(): package for package in packages()}


@pytest.mark.parametrize("name", NAMED)
def test_a_package_names_each_of_its_modules(name: str) -> None:
    written = docstring(NAMED[name]) + (ROOT / "docs/flow.md").read_text()
    assert [module for module in modules(NAMED[name]) if not re.search(rf"\b{module}\b", written)] == []


@pytest.mark.parametrize("name", NAMED)
def test_a_package_names_nothing_that_is_gone(name: str) -> None:
    package, written = NAMED[name], docstring(NAMED[name])
    there = {path.stem for path in package.iterdir()}
    assert [row for row in ROW.findall(written) if row not in there] == []
    assert [file for file in FILE.findall(written) if not (exists(file) or (ROOT / file).exists())] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_names_nothing_that_is_gone(name: str) -> None:
    files = set(FILE.findall((ROOT / name).read_text()))
    assert len(files) >= 3
    assert [file for file in files if not (exists(file) or (ROOT / file).exists())] == []
