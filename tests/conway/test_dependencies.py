"""What is installed is what was locked, under licences that are written down."""

import re
from typing import Any

import pytest
from packaging.requirements import Requirement

from dependencies import audit, licences, locked

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
ABOUT = "# "
ALL = (*locked.FILES, locked.TRACING)


def blocks(text: str) -> list[str]:
    """Each pin with the hashes under it."""
    lines = [line for line in text.splitlines() if line and not line.startswith(ABOUT)]
    return re.split(r"\n(?=\S)", "\n".join(lines))


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_every_line_is_one_version_with_hashes_and_names_no_registry(file: Any) -> None:
    for block in blocks(file.read_text()):
        pin, *hashes = block.replace(" \\", "").split("\n")
        assert re.fullmatch(r"[A-Za-z0-9._\-\[\],]+==[^\s;]+( ; .+)?", pin), pin
        assert hashes and all(HASH.fullmatch(line.strip()) for line in hashes), pin
    assert not re.search(r"https?:|index-url|find-links", file.read_text())


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_what_is_asked_for_is_locked(file: Any) -> None:
    wanted = file.with_suffix(".in").read_text().splitlines()
    asked = [Requirement(line) for line in wanted if "==" in line]
    assert {locked.normal(each.name) for each in asked} <= locked.names(file)
    assert all(f"{locked.normal(each.name)}{each.specifier}" in file.read_text() for each in asked)


def test_all_files_agree() -> None:
    run, test, tracing = ({block.split(" ")[0] for block in blocks(file.read_text())} for file in ALL)
    assert run <= test and tracing <= test


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("machine", ["linux", "darwin"])
def test_each_python_and_system_finds_one_version_of_each(python: str, machine: str) -> None:
    where = {
        "python_version": python, "python_full_version": f"{python}.9", "sys_platform": machine,
        "platform_python_implementation": "CPython", "implementation_name": "cpython",
    }  # fmt: skip
    pins = [Requirement(block.split("\n")[0].removesuffix(" \\")) for block in blocks(locked.FILES[1].read_text())]
    found = [pin.name for pin in pins if pin.marker is None or pin.marker.evaluate(where)]
    assert len(found) == len(set(found)) > 100


def test_every_installed_package_that_is_locked_has_a_licence() -> None:
    written = licences.PAGE.read_text()
    assert [row for row in licences.rows() if row not in written] == []
    assert "|  |" not in written


def test_an_audit_that_reached_nothing_does_not_pass() -> None:
    skipped = {"name": "django", "skip_reason": "not found"}
    assert audit.judged(None) == audit.judged([]) == audit.judged([skipped]) == (2, [audit.UNREACHED])


def test_an_audit_says_what_is_known_and_what_was_left_out() -> None:
    known = {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    clean, skipped = {"name": "b", "version": "1", "vulns": []}, {"name": "c", "skip_reason": "not found"}
    assert audit.judged([known, clean]) == (1, ["a 1: CVE-1, mended in 2", "2 packages were looked at."])
    assert audit.judged([clean])[0] == 0 and audit.judged([clean, skipped])[0] == 2
