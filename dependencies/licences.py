"""Writes docs/licences.md: under which licence is each locked package that is installed here.

python -m dependencies.licences
"""

import sys
from importlib.metadata import Distribution, distributions

from dependencies import locked

PAGE = locked.ROOT / "docs" / "licences.md"
HEAD = """# Licences

Of what `requirements.txt` runs on and `requirements-dev.txt` tests with, as each package says it. `make lock` writes
this page; a test asks for a row of every locked package that is installed. Those for other machines only have none.

| package | version | licence | needed to |
|---|---|---|---|
"""
UNSAID = {"axe-playwright-python": "MIT"}  # in a file of theirs, not in their metadata
LONGEST = 60


def licence_of(found: Distribution) -> str:
    """The expression if there is one, else the classifiers, else the first line of the text."""
    said = found.metadata
    name = locked.normal(said["Name"])
    classified = [
        each.rpartition(" :: ")[2] for each in said.get_all("Classifier") or [] if each.startswith("License ::")
    ]
    first_line = (said.get("License") or "").strip().partition("\n")[0]
    return said.get("License-Expression") or UNSAID.get(name) or ", ".join(classified) or first_line[:LONGEST]


# Of older Pythons, so not installed where this is written: redis needs it below 3.11.3.
FOR_OLDER = ("| async-timeout | 5.0.1 | Apache Software License | run |",)


def installed() -> dict[str, Distribution]:
    return {locked.normal(found.metadata["Name"]): found for found in distributions()}


def rows() -> list[str]:
    needed, here = locked.names(locked.FILES[0]), installed()
    wanted = sorted(needed | locked.names(locked.FILES[1]))
    found = [
        f"| {name} | {here[name].version} | {licence_of(here[name])} | {'run' if name in needed else 'test'} |"
        for name in wanted
        if name in here
    ]
    return sorted({*found, *FOR_OLDER})


def page() -> str:
    return HEAD + "\n".join(rows()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(locked.ROOT)}: {len(rows())} packages\n")
