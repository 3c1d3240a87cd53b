"""The import contracts of pyproject.toml hold something: one import planted upwards breaks each of them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("conway", "accounts", "credits", "inference")
PLANTED = {
    "apps": ("credits/models/books.py", "from inference.models import Completion"),
    "wiring": ("accounts/models/user.py", "from conway import settings"),
    "downhill": ("inference/billing/spool.py", "from inference.completion import errors"),
    "wires": ("conway/seats.py", "from conway import workers"),
    "who": ("accounts/models/nonce.py", "from accounts import access_tokens"),
    "circles": ("inference/chat/usage.py", "from inference.chat import reply"),
    "completion": ("inference/completion/outcome.py", "from inference.completion import task"),
    "money": ("inference/billing/entry.py", "from inference.billing import settlement"),
    "books": ("credits/ledger/amounts.py", "from credits.admin import transactions"),
    "sandbox": ("inference/sandbox/cache.py", "from inference.chat import usage"),
    "alone": ("inference/api/asgi.py", "from inference.sandbox import app"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def broken(folder: Path, contract: str) -> bool:
    command = [Path(sys.executable).parent / "lint-imports", "--no-logo", "--contract", contract]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode != 0


def test_every_contract_has_an_import_planted_against_it() -> None:
    written = (ROOT / "pyproject.toml").read_text().split('[[tool.importlinter.contracts]]\nid = "')[1:]
    assert {block.split('"')[0] for block in written} == set(PLANTED)


@pytest.mark.parametrize("contract", PLANTED)
def test_an_upward_import_breaks_the_contract(copy: Path, contract: str) -> None:
    name, line = PLANTED[contract]
    file = copy / name
    kept = file.read_text()
    assert not broken(copy, contract)
    try:
        file.write_text(f"{kept}\n{line}\n")
        assert broken(copy, contract)
    finally:
        file.write_text(kept)


@pytest.mark.parametrize(
    ("app", "contract"), [("inference", "downhill"), ("conway", "wires"), ("accounts", "who"), ("credits", "books")]
)
def test_a_new_module_must_say_where_it_stands(copy: Path, app: str, contract: str) -> None:
    new = copy / app / "loose.py"
    try:
        new.write_text("")
        assert broken(copy, contract)
    finally:
        new.unlink(missing_ok=True)
