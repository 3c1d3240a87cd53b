"""catalog.toml into the database: what it has and the database lacks."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.timezone import now

from inference.models import ChatModel, Price

FILE = Path(__file__).with_name("catalog.toml")


@transaction.atomic
def load() -> int:
    """Adds what catalog.toml has and the database lacks; what is there stays as staff left it. The number of models
    added.
    """
    with connection.cursor() as cursor:  # two workers that start at once take turns
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('inference.catalog.loading.load'))")
    data = tomllib.loads(FILE.read_text(), parse_float=Decimal)
    added = 0
    for position, (name, row) in enumerate(data["models"].items()):
        family = data["families"].get(row.get("family"), {})
        added += load_model(
            name,
            position,
            {**family, **row, "traits": {**family.get("traits", {}), **row.get("traits", {})}},
            data["checked"],
        )
    return added


def load_model(name: str, position: int, row: Mapping[str, Any], checked: Any) -> bool:
    model, is_new = ChatModel.objects.get_or_create(
        name=name,
        defaults={
            "display_name": row["display_name"],
            "provider": row["provider"],
            "dialect": row.get("dialect", ""),
            "upstream_id": row["upstream_id"],
            "successor": row.get("successor", ""),
            "retires_on": row.get("retires_on"),
            "successor_from": row.get("successor_from"),
            "retirement": row.get("retirement", ""),
            "summary": row.get("summary", ""),
            "traits": plain(row["traits"]),
            "bound_percent": row.get("bound_percent", 150),
            "estimate_percent": row.get("estimate_percent", 100),
            "position": position,
        },
    )
    if not model.prices.exists():
        Price.objects.create(
            model=model,
            starts_at=now() - timedelta(minutes=1),
            sheet=plain(row["price"]),
            source=row.get("source", ""),
            checked_on=checked,
        )
    return is_new


def plain(value: Any) -> Any:
    """What JSON holds exactly: decimals as strings."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, Decimal) else value
