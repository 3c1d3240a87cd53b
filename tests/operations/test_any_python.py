"""The Makefile takes whatever Python from 3.11 on is there, and the server runs on each that is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from accounts.models import ApiKey, User
from tests import lasting_catalogue
from tests.served import served

ROOT = Path(__file__).parents[2]
NAMES = ("python3", "python3.11", "python3.12", "python3.13", "python3.14")
KEPT = ROOT / "var" / "pythons"  # an environment for each Python, made once
INSTALL_SECONDS = 600
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def chosen(folder: Path, versions: dict[str, str]) -> str:
    """Of pretended Pythons: each answers the one question that the Makefile asks."""
    for name in NAMES:
        is_new = versions.get(name, "") and tuple(map(int, versions[name].split("."))) >= (3, 11)
        (folder / name).write_text(f"#!/bin/sh\nexit {0 if is_new else 1}\n")
        (folder / name).chmod(0o755)
    done = subprocess.run(
        ["make", "--no-print-directory", "--eval", "say: ; @echo $(PYTHON)", "say"],
        cwd=ROOT,
        env={"PATH": f"{folder}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return Path(done.stdout.strip()).name


@pytest.mark.parametrize(
    ("versions", "python"),
    [
        ({"python3": "3.11"}, "python3"),
        ({"python3": "3.13", "python3.11": "3.11"}, "python3"),
        ({"python3": "3.9", "python3.12": "3.12"}, "python3.12"),
        ({"python3": "3.9", "python3.11": "3.11"}, "python3.11"),
        ({"python3": "3.10"}, ""),
    ],
)
def test_make_takes_the_first_python_from_3_11_on(tmp_path: Path, versions: dict[str, str], python: str) -> None:
    assert chosen(tmp_path, versions) == python


def test_what_we_say_of_it_is_the_same_everywhere() -> None:
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()
    assert "You need Python from 3.11 on" in (ROOT / "README.md").read_text()


def pythons() -> dict[str, str]:
    """Those of this machine from 3.11 on, by version: on the path, or installed by pyenv. Not the one that runs this,
    on which every other test serves.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [path for name in NAMES if (path := shutil.which(name))]
    candidates += map(str, sorted(pyenv.glob("*/bin/python3.*[0-9]")))
    found: dict[str, str] = {}
    for candidate in candidates:
        done = subprocess.run([candidate, "-c", VERSION], capture_output=True, text=True, check=False)
        version = done.stdout.strip()
        if done.returncode == 0 and (3, 11) <= tuple(map(int, version.split("."))) != sys.version_info[:2]:
            found.setdefault(version, candidate)
    return found


def environment(version: str, python: str) -> Path:
    """The interpreter of an environment with what a server needs, as it is locked; skips where there are no wheels."""
    folder = KEPT / version
    locked, marker = ROOT / "requirements.txt", folder / "installed.txt"
    if not (marker.exists() and marker.read_text() == locked.read_text()):
        folder.parent.mkdir(parents=True, exist_ok=True)
        uv = str(Path(sys.executable).parent / "uv")
        install([uv, "venv", "--quiet", "--allow-existing", "--python", python, str(folder)])
        install([uv, "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:",
                 "--python", str(folder / "bin" / "python"), "-r", str(locked)])  # fmt: skip
        marker.write_text(locked.read_text())
    return folder / "bin" / "python"


def install(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    if done.returncode:
        pytest.skip(f"no wheels for it, or no way to them: {' '.join(done.stderr.split())[-300:]}")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", sorted(pythons()))
def test_a_server_on_each_python_that_is_there_streams_an_answer(
    version: str, alice: User, transactional_db: None
) -> None:
    python = environment(version, pythons()[version])
    lasting_catalogue.load()
    key = ApiKey.issue(user=alice, name="Alice's")[1]
    body = {"model": "gpt-5-mini", "stream": True, "messages": [{"role": "user", "content": 'say exactly "Hello"'}]}
    with served(python=str(python), CONWAY_SANDBOX="1") as server:
        sent = {"authorization": f"Bearer {key}"}
        with httpx2.stream("POST", f"{server.url}/v1/chat/completions", json=body, headers=sent, timeout=30) as answer:
            text = answer.read().decode()
    assert answer.status_code == 200
    assert '"content":"Hello' in text and text.endswith("data: [DONE]\n\n"), text
