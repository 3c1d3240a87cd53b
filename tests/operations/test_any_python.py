"""The Makefile takes whatever Python from 3.11 on is there."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("python3", "python3.11", "python3.12", "python3.13", "python3.14")


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
