"""catalog.toml into the database: what it has and the database lacks."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.timezone import now

from inference.models import ChatModel, Price

FILE = Path(__file__).with_name("catalog.toml")
JUST_NOW = timedelta(minutes=1)


@transaction.atomic
def load() -> int:
    """Adds what catalog.toml has and the database lacks; what is there stays as staff left it. The number of models
    added.
    """
    with connection.cursor() as cursor:  # two workers that start at once take turns
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('inference.catalog.loading.load'))")
    return sum(load_model(name, position, row) for position, (name, row) in enumerate(rows().items()))


def rows() -> dict[str, dict[str, Any]]:
    """The file's models by name, newest first of each provider, each with what its family says."""
    data = tomllib.loads(FILE.read_text(), parse_float=Decimal)
    found = {}
    for name, row in data["models"].items():
        family = data["families"].get(row.get("family"), {})
        traits = {**family.get("traits", {}), **row.get("traits", {})}
        found[name] = {**family, **row, "traits": traits, "checked": data["checked"]}
    return found


def load_model(name: str, position: int, row: Mapping[str, Any]) -> bool:
    columns = {
        "summary": row.get("summary", ""),
        "successor": row.get("successor", ""),
        "retires_on": row.get("retires_on"),
        "successor_from": row.get("successor_from"),
        "retirement": row.get("retirement", ""),
        "position": position,
    }
    model, is_new = ChatModel.objects.get_or_create(
        name=name,
        defaults={
            **columns,
            "display_name": row["display_name"],
            "provider": row["provider"],
            "dialect": row.get("dialect", ""),
            "upstream_id": row["upstream_id"],
            "traits": plain(row["traits"]),
            "bound_percent": row.get("bound_percent", 150),
            "estimate_percent": row.get("estimate_percent", 100),
        },
    )
    if not model.summary:  # from before rows had a summary and an end: it learns both, once
        ChatModel.objects.filter(pk=name, summary="").update(**columns)
    if not model.prices.exists():
        for starts_at, sheet in prices(row, now()):
            Price.objects.create(
                model=model,
                starts_at=starts_at,
                sheet=plain(sheet),
                source=row.get("source", ""),
                checked_on=row["checked"],
            )
    return is_new


def prices(row: Mapping[str, Any], moment: datetime) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
    """The price in force, and those announced. What was over before a row was loaded charged nobody by it."""
    later = sorted(row.get("later", ()), key=lambda change: change["starts"])
    begun = [row["price"], *(change["price"] for change in later if change["starts"] <= moment)]
    yield moment - JUST_NOW, begun[-1]
    yield from ((change["starts"], change["price"]) for change in later if change["starts"] > moment)


def plain(value: Any) -> Any:
    """What JSON holds exactly: decimals as strings."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, Decimal) else value
