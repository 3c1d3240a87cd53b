from datetime import datetime

from ninja import Field, Schema

from inference.api.schemas.errors import ErrorBody
from inference.api.schemas.fields import Exact


class Tokens(Schema):
    low: int
    high: int


class Cents(Schema):
    low: int
    high: int


class Dollars(Schema):
    low: Exact
    high: Exact


class Refusal(ErrorBody):
    status: int


class EstimateBody(Schema):
    """`low`: the prompt's text, not cached, and a reply of one token. `high`: the most the prompt can count, at the
    dearest price it can reach, and the longest reply.
    """

    model: str = Field(description="The one that would serve, and whose price holds.")
    asked_model: str | None = Field(description="The name in the request, where its successor would serve.")
    price_starts_at: datetime
    prompt_tokens: Tokens
    completion_tokens: Tokens
    cost_usd: Dollars
    charged_cents: Cents
    available_cents: int
    held_cents: int = Field(description="For requests under way.")
    admitted: bool
    hold_cents: int = Field(description="What would be held now; the output is limited to what it buys.")
    max_tokens: int | None = Field(description="Output tokens per choice that this hold buys; null if not admitted.")
    refusal: Refusal | None = Field(description="What the completion would be answered with instead.")
    ignored_params: list[str]
    transforms: list[str]
