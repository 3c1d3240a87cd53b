from typing import Any, Literal

from ninja import Field, Schema


class Pricing(Schema):
    """USD per million tokens, before the markup. `tiers` are exact, each for requests of more prompt tokens than
    `above`.
    """

    input_per_million: float
    output_per_million: float
    input_per_1m_tokens_usd: float
    output_per_1m_tokens_usd: float
    markup: str
    tiers: list[dict[str, int | str]]


class Model(Schema):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    provider: str
    display_name: str
    available: bool
    context_window: int
    max_tokens: int
    supports_tools: bool
    supports_vision: bool
    supports_reasoning: bool
    parameter_style: Literal["max_completion_tokens", "max_tokens"]
    retirement: str | None
    pricing: Pricing | None


class ModelList(Schema):
    object: Literal["list"]
    data: list[Model]


class ModelPrice(Schema):
    id: str
    display_name: str
    provider: str
    available: bool
    pricing: Pricing | None


class PricingBody(Schema):
    tiers: list[dict[str, Any]] = Field(description="Of machines; there are none here.")
    models: list[ModelPrice]
    markup: str
    formula: str
    minimum_cents: int = Field(description="The available credit a request needs at least.")
