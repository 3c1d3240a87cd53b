"""The rows of docs/adding-a-provider.md, in a copy of the code, are all that a provider of a known dialect needs."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from textwrap import dedent, indent

import httpx2 as httpx
import pytest
from pytest_django import Settings

from conway import demo
from inference.catalog import loading
from tests.sdk.gateway import database_like_this, plain_folder
from tests.served import Served, served

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/adding-a-provider.md").read_text()
BLOCKS = [dedent(block) for block in re.findall(r"^ *```text\n(.*?)^ *```", DOCUMENT, re.DOTALL | re.MULTILINE)]
# Where the document says that a block belongs: the file, and the line that it follows.
PLACES = (
    ("inference/upstream/providers.py", r'^ *Provider\("qwen".*\n'),
    ("conway/variables.py", r"^ *DASHSCOPE_API_KEY.*\n"),
    ("conway/settings.py", r'^ *"qwen": .*\n'),
    ("inference/catalog/catalog.toml", r"^rejects = .*\n\Z"),
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """With what is compiled of it: bytecode knows its source by time and size, and a row that is added changes both."""
    for name in ("conway", "accounts", "credits", "inference", "templates", "docs"):
        shutil.copytree(ROOT / name, tmp_path / "code" / name)
    shutil.copy(ROOT / "manage.py", tmp_path / "code")
    for block, (name, line) in zip(BLOCKS, PLACES, strict=True):
        add(tmp_path / "code" / name, line, block)
    return tmp_path / "code"


def add(file: Path, line: str, block: str) -> None:
    text = file.read_text()
    (before,) = re.finditer(line, text, re.MULTILINE)
    margin = re.match(" *", before[0])
    assert margin
    file.write_text(text[: before.end()] + indent(block, margin[0]) + text[before.end() :])


@pytest.fixture
def parrot(copy: Path, tmp_path: Path) -> Iterator[Served]:
    """`make run` of that copy, with its key; the sandbox answers in its place."""
    with ExitStack() as stack:
        yield stack.enter_context(
            served(
                *("manage.py", "demo", "--serve", "--port", "0"),
                folder=copy,
                DATABASE_URL=stack.enter_context(database_like_this("parrot")),
                CONWAY_DATA_DIR=str(plain_folder(tmp_path / "data")),
                CONWAY_SANDBOX="1",
                PARROT_API_KEY="parrots-key",
            )
        )


def test_a_provider_of_a_known_dialect_is_the_documented_rows(parrot: Served, tmp_path: Path) -> None:
    assert parrot.process.stdout and '"model": "parrot-1"' in next(
        line for line in parrot.process.stdout if "curl" in line
    )
    key = json.loads((tmp_path / "data/demo.json").read_text())["key"]
    question = {"model": "parrot-1", "messages": [{"role": "user", "content": "say 5 words"}]}
    headers = {"authorization": f"Bearer {key}"}
    answer = httpx.post(f"{parrot.url}/v1/chat/completions", json=question, headers=headers)
    assert answer.status_code == 200, answer.text
    receipt = httpx.get(f"{parrot.url}/v1/receipts/{answer.json()['id']}", headers=headers).json()
    assert receipt["provider"] == "parrot" and receipt["model"] == "parrot-1"
    listed = httpx.get(f"{parrot.url}/v1/models", headers=headers).json()["data"]
    assert "parrot-1" in [model["id"] for model in listed]


def test_the_demo_asks_a_provider_it_does_not_know_for_its_newest_model(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text(loading.FILE.read_text() + BLOCKS[-1])
    monkeypatch.setattr(loading, "FILE", file)
    here = {"base_url": "http://127.0.0.1:9", "api_key": "k", "sandbox": False}
    settings.PROVIDERS = {"silent": here, "parrot": here}
    assert demo.model() == "parrot-1"
