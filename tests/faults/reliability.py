"""The table in docs/reliability.md. The long form writes it; nobody else does."""

import re
from fcntl import LOCK_EX, flock
from pathlib import Path

from tests.faults.reconciliation import Reckoning

PAGE = Path(__file__).parents[2] / "docs/reliability.md"
BEGIN, END = "<!-- the table: make faults -->\n", "<!-- end of the table -->"
HEAD = (
    "| scenario | requests | completions | faults | exact: ¢ metered | ¢ charged | difference "
    "| estimated, lost, none | ¢ metered | ¢ charged |\n"
    "|---|--:|--:|---|--:|--:|--:|--:|--:|--:|\n"
)

rows: dict[str, str] = {}


def note(name: str, reckoning: Reckoning, requests: int, faults: str) -> None:
    _, metered, charged = reckoning.sums("exact")
    others, others_metered, others_charged = reckoning.sums("estimated", "lost", "none")
    cells = (
        name, requests, len(reckoning.completions), faults, metered, charged, charged - metered,
        others, others_metered, others_charged,
    )  # fmt: skip
    rows[name] = "| " + " | ".join(str(cell) for cell in cells) + " |\n"


def write() -> None:
    """One process of the tests after another: each knows its own rows."""
    with PAGE.open("r+") as file:
        flock(file, LOCK_EX)
        before, rest = file.read().split(BEGIN)
        known = {row.split(" | ")[0]: row for row in re.findall(r"^\| .*\n", rest.split(END)[0], re.M)[1:]}
        known |= {row.split(" | ")[0]: row for row in rows.values()}
        file.seek(0)
        file.write(before + BEGIN + HEAD + "".join(known.values()) + END + rest.split(END)[1])
        file.truncate()
