from typing import Any

from ninja import Field, Schema

from credits.ledger import Limits


class Concurrency(Schema):
    limit: int = Field(description="Completions that may run at the same time.")
    running: int = Field(description="Those that run now, also of clients that left.")


class RequestsPerMinute(Schema):
    limit: int
    used: int = Field(description="In this minute, UTC.")


class Spending(Schema):
    limit_cents: int
    period: str | None = Field(description="`day` or `month`, UTC; null: in total.")
    left_cents: int = Field(description="Less what is held for running requests.")


class KeyLimits(Schema):
    """Null is not limited."""

    concurrency: Concurrency | None
    requests_per_minute: RequestsPerMinute | None
    spending: Spending | None


class LimitsBody(Schema):
    concurrency: Concurrency = Field(description="Of the account, over all its keys.")
    key: KeyLimits | None = Field(description="Of the API key that asks; null for an access token.")


def as_json(limits: Limits, *, of_key: bool) -> dict[str, Any]:
    account = {"limit": limits.concurrency, "running": limits.running}
    return {"concurrency": account, "key": key_limits(limits) if of_key else None}


def key_limits(limits: Limits) -> dict[str, Any]:
    at_once, per_minute, cents = limits.key_concurrency, limits.requests_per_minute, limits.limit_cents
    left = {"limit_cents": cents, "period": limits.limit_period, "left_cents": limits.key_left_cents}
    return {
        "concurrency": None if at_once is None else {"limit": at_once, "running": limits.key_running},
        "requests_per_minute": None if per_minute is None else {"limit": per_minute, "used": limits.used_this_minute},
        "spending": None if cents is None else left,
    }
