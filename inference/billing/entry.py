"""The settlement of a completion as it is written down, once, for the database, a checkpoint and the spool.

All three take the same JSON, and to book it twice is to book it once. Nothing changes an entry after it is made.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Literal

from pydantic_core import to_json

from credits.ledger import LostHold
from inference.catalog.pricing import charged_cents
from inference.catalog.snapshot import PricePoint
from inference.chat.usage import BUCKETS, Usage

Settlement = Literal["exact", "estimated", "none", "lost"]


class UnreadableEntry(ValueError):
    """JSON that no version of ours wrote as an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The receipt's columns (inference/models.py), and of the admission's key what a correction needs."""

    id: str
    user_id: int
    key_id: int | None
    key_window: datetime | None
    request_id: str
    model_id: str
    provider: str
    price_id: int
    is_stream: bool
    settlement: Settlement
    usage: Usage
    cost_usd: Decimal
    charged_cents: int
    ending: str
    status: int
    asked_model: str | None = None  # where a successor answers
    served_model: str = ""
    upstream_id: str = ""
    finish_reason: str = ""
    alerts: list[str] = field(default_factory=list)
    raw_usage: Mapping[str, Any] | None = None
    seen: Mapping[str, Any] = field(default_factory=dict)
    admitted_at: datetime | None = None  # where its hold is gone; else the hold's own time counts
    first_byte_ms: int | None = None
    total_ms: int | None = None

    @classmethod
    def unseen(cls, hold: LostHold) -> "Entry":
        """The entry of a completion whose process died before anybody saw a word."""
        details = hold.details
        return cls(
            id=hold.completion_id,
            user_id=hold.user_id,
            key_id=hold.key_id,
            key_window=hold.key_window,
            request_id=details["request_id"],
            model_id=details["model"],
            asked_model=details.get("asked_model"),
            provider=details["provider"],
            price_id=details["price_id"],
            is_stream=details["is_stream"],
            settlement="lost",
            usage=Usage(),
            cost_usd=Decimal(0),
            charged_cents=0,
            ending="process_died",
            status=500,
        )

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> "Entry":
        """What `as_json` wrote, here or in the version before. Raises `UnreadableEntry`."""
        try:
            row = written["row"]
            tokens: dict[str, Any] = {bucket: row.get(f"{bucket}_tokens") or 0 for bucket in BUCKETS}
            return cls(
                **{name: row[name] for name in SAME_IN_JSON if name in row},
                usage=Usage(**tokens, reasoning=row.get("reasoning_tokens")),
                cost_usd=Decimal(row["cost_usd"]),
                key_window=moment(written["key_window"]),
                admitted_at=moment(row.get("admitted_at")),
            )
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            raise UnreadableEntry(f"no settlement: {error!r}") from error

    def as_json(self) -> dict[str, Any]:
        """Without what PostgreSQL stores nowhere: one provider's NUL would stop the beat of everybody's holds."""
        cost_usd = format(self.cost_usd, "f")
        return storable(
            {
                "row": {
                    **dict(zip(SAME_IN_JSON, same_in_json(self), strict=True)),
                    **{f"{bucket}_tokens": getattr(self.usage, bucket) for bucket in BUCKETS},
                    "reasoning_tokens": self.usage.reasoning,
                    "cost_usd": cost_usd,
                    "admitted_at": self.admitted_at and self.admitted_at.isoformat(),
                },
                "key_window": self.key_window and self.key_window.isoformat(),
                "description": f"{self.model_id}: {self.usage.prompt_tokens:,} tokens in, {self.usage.output:,} out",
                "details": {
                    "model": self.model_id,
                    "provider": self.provider,
                    "tokens": self.usage.buckets(),
                    "cost_usd": cost_usd,
                    "receipt": self.id,
                    "settlement": self.settlement,
                },
            }
        )


SAME_IN_JSON = tuple(
    one.name for one in fields(Entry) if one.name not in ("usage", "cost_usd", "key_window", "admitted_at")
)
same_in_json = attrgetter(*SAME_IN_JSON)


def moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def bill(usage: Usage, price: PricePoint, settlement: Settlement) -> tuple[Decimal, int]:
    """Cost and charge; what was not served costs nothing."""
    cost = Decimal(0) if settlement == "none" else price.sheet.cost_usd(usage)
    return cost, charged_cents(cost)


def storable(entry: dict[str, Any]) -> dict[str, Any]:
    """Without NUL, lone surrogates and numbers that are none, which a provider's own strings may hold."""
    # One look at the JSON is a tenth of what a walk through every string costs.
    try:
        is_suspect = SUSPECT.search(to_json(entry)) is not None
    except ValueError:  # half a letter
        is_suspect = True
    return cleaned(entry) if is_suspect else entry


SUSPECT = re.compile(rb"\\u0000|Infinity|NaN")
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
