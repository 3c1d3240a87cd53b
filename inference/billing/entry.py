"""The settlement of a completion as it is written down: a plain dict that JSON holds.

The spool, a checkpoint and the database take the same one, so that booking it twice is booking it once.
"""

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from credits.ledger import LostHold
from inference.catalog.pricing import charged_cents
from inference.catalog.snapshot import PricePoint
from inference.chat.usage import BUCKETS, Usage


def bill(usage: Usage, price: PricePoint, settlement: str) -> tuple[Decimal, int]:
    """Cost and charge; what was not served costs nothing."""
    cost = Decimal(0) if settlement == "none" else price.sheet.cost_usd(usage)
    return cost, charged_cents(cost)


def bucket_columns(usage: Usage) -> dict[str, int | None]:
    return {**{f"{bucket}_tokens": getattr(usage, bucket) for bucket in BUCKETS}, "reasoning_tokens": usage.reasoning}


def unseen(hold: LostHold) -> dict[str, Any]:
    details = hold.details
    return {
        "row": {
            "id": hold.completion_id,
            "user_id": hold.user_id,
            "key_id": hold.key_id,
            "request_id": details["request_id"],
            "model_id": details["model"],
            "provider": details["provider"],
            "served_model": "",
            "upstream_id": "",
            "price_id": details["price_id"],
            "is_stream": details["is_stream"],
            **bucket_columns(Usage()),
            "cost_usd": "0",
            "charged_cents": 0,
            "settlement": "lost",
            "ending": "process_died",
            "status": 500,
            "finish_reason": "",
            "alerts": [],
            "seen": {},
        },
        "key_window": hold.key_window.isoformat() if hold.key_window else None,
        "description": f"{details['model']}: lost before its first word",
        "details": {"model": details["model"], "receipt": hold.completion_id, "settlement": "lost"},
    }


def storable(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what PostgreSQL stores nowhere: NUL and lone surrogates, which a provider's own strings may hold."""
    # One look at the JSON is a tenth of what a walk through every string costs.
    return cleaned(entry) if SUSPECT.search(json.dumps(entry)) else entry


SUSPECT = re.compile(r"\\u(?:0000|d[89a-f])|Infinity|NaN")  # a pair of surrogates is a letter, left alone
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def cleaned(value: Any) -> Any:
    match value:
        case str():
            return UNSTORABLE.sub("\ufffd", value)
        case dict():
            return {cleaned(name): cleaned(inner) for name, inner in value.items()}
        case list():
            return [cleaned(inner) for inner in value]
        case float() if not math.isfinite(value):
            return None
    return value
