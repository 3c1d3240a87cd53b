"""How many tokens a reply may have: the caller's limit, what the hold buys, and what the model can."""

from inference.chat.provider_request import ProviderRequest
from inference.chat.traits import Traits

LOWERED = "max_tokens_lowered"


def output_limit(rendered: ProviderRequest, traits: Traits, limit: int | None, *, always: bool = False) -> int | None:
    """None: the model's own, where `always` does not ask for a number. A caller's limit above the model's is lowered
    to it and named: the reply is the same, and the provider's 400 would be none.
    """
    requested = rendered.request.output_limit
    if requested is not None and requested > traits.max_output_tokens:
        rendered.transform(LOWERED)
    if requested is None and limit is None and not (always or traits.always_send_length):
        return None
    return min(tokens for tokens in (limit, requested, traits.max_output_tokens) if tokens is not None)
