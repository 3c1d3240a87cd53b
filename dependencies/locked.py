"""The names and versions in a locked requirements file."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
TRACING = ROOT / "requirements-tracing.txt"  # beside the first, where traces are wanted; all of it is in the second
LINE = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+?))? \\$", re.MULTILINE)


def normal(name: str) -> str:
    """As PEP 503 has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(file: Path) -> set[str]:
    return {normal(found["name"]) for found in LINE.finditer(file.read_text())}


def pins(text: str) -> list[tuple[str, str, str]]:
    """Name, version and marker; a package may be there twice, for different machines."""
    return [(normal(found["name"]), found["version"], found["marker"] or "") for found in LINE.finditer(text)]
