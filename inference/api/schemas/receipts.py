from datetime import date, datetime
from typing import Literal

from ninja import Field, Schema

from inference.api.schemas.fields import Exact, ExactOrNone


class LineBody(Schema):
    bucket: str
    tokens: int
    usd_per_million: Exact
    cost_usd: Exact
    is_priced: bool = Field(description="Else the dearest price of the input stands in.")


class PriceBody(Schema):
    starts_at: datetime
    source: str
    checked_on: date | None


class EntryBody(Schema):
    type: str
    amount_cents: int
    balance_after_cents: int
    reference: str
    created_at: datetime


class OpenReceiptBody(Schema):
    """A completion that still runs, or whose settlement waits for the database."""

    id: str
    state: Literal["open"]
    model: str
    admitted_at: datetime
    held_cents: int


class ReceiptBody(Schema):
    id: str
    state: Literal["settled"]
    model: str = Field(alias="completion.model_id")
    asked_model: str | None = Field(
        alias="completion.asked_model", description="The name in the request, where a successor answered for it."
    )
    provider: str = Field(alias="completion.provider")
    served_model: str = Field(alias="completion.served_model", description="What the provider says it served.")
    request_id: str = Field(alias="completion.request_id")
    key_id: int | None = Field(alias="completion.key_id")
    is_stream: bool = Field(alias="completion.is_stream")
    admitted_at: datetime = Field(alias="completion.admitted_at")
    settled_at: datetime = Field(alias="completion.created_at")
    first_byte_ms: int | None = Field(alias="completion.first_byte_ms")
    total_ms: int | None = Field(alias="completion.total_ms")
    finish_reason: str = Field(alias="completion.finish_reason")
    tokens: dict[str, int] = Field(alias="completion.buckets", description="In buckets that do not overlap.")
    reasoning_tokens: int | None = Field(
        alias="completion.reasoning_tokens",
        description="The part of the output that was thought, if that is known.",
    )
    lines: list[LineBody]
    price: PriceBody
    tier_above_tokens: int = Field(
        alias="tier.above", description="The tier of prices that applied: for requests of more prompt tokens than this."
    )
    cost_usd: Exact
    markup: Exact
    exact_cents: Exact = Field(description="cost_usd × 100 × markup.")
    rounding_cents: Exact = Field(description="charged_cents - exact_cents: a charge is rounded up, once.")
    cache_saved_cents: ExactOrNone = Field(
        description="What the provider's cache saved of exact_cents; below zero where writing into it cost more. Null "
        "where no token came from it or went into it."
    )
    is_marked_by_us: bool = Field(description="For Claude's cache, as the key's `cache_marks` wants it.")
    charged_cents: int
    written_off_cents: int = Field(description="Of the charge, what went beyond the credit there was.")
    refunded_cents: int
    paid_cents: int = Field(description="charged_cents - written_off_cents - refunded_cents.")
    balance_after_cents: int | None = Field(description="After the charge; null where nothing was charged.")
    settlement: Literal["exact", "estimated", "none", "lost"] = Field(alias="completion.settlement")
    settlement_means: str
    ending: str = Field(alias="completion.ending")
    ending_means: str
    refused: str | None = Field(description="Why the provider declined, as it named it, where it did.")
    transactions: list[EntryBody] = Field(alias="entries", description="What was booked for it, oldest first.")
