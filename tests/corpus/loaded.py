"""The catalogue as its file has it, without a database: for tests of what is pure."""

import tomllib
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from inference.catalog.loading import FILE, plain
from inference.chat.traits import Traits


class Loaded(NamedTuple):
    upstream_id: str
    traits: Traits


@cache
def listings() -> dict[str, Loaded]:
    data = tomllib.loads(FILE.read_text(), parse_float=Decimal)
    found = {}
    for name, row in data["models"].items():
        family = data["families"].get(row.get("family"), {})
        traits = Traits.of(plain({**family.get("traits", {}), **row.get("traits", {})}))
        found[name] = Loaded(row["upstream_id"], traits)
    return found
