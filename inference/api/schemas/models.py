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
    prompt: str = Field(description="USD a token as charged, markup included; so are the next ones.")
    completion: str
    input_cache_read: str | None = None
    input_cache_write: str | None = None
    tiers: list[dict[str, int | str]]


class Architecture(Schema):
    input_modalities: list[str]
    output_modalities: list[str]


class TopProvider(Schema):
    context_length: int
    max_completion_tokens: int
    is_moderated: bool


class Model(Schema):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    provider: str
    display_name: str
    available: bool = Field(description="False, too, while its provider says that it has no such model.")
    retires_on: str | None = Field(description="The day its provider ends it.")
    shutdown_date: str | None = Field(description="The same, by OpenAI's name.")
    successor: str | None
    successor_from: str | None = Field(description="From this day on the successor answers under this name.")
    context_length: int
    architecture: Architecture
    top_provider: TopProvider
    supported_parameters: list[str] = Field(description="What it takes, in OpenRouter's words.")
    description: str | None
    context_window: int
    max_tokens: int
    supports_tools: bool
    supports_vision: bool
    supports_reasoning: bool
    parameter_style: Literal["max_completion_tokens", "max_tokens"]
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
