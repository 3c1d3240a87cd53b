"""The body of `generateContent`, from the neutral form. Only what stands here is ever sent."""

from typing import Any
from urllib.parse import quote

from inference.chat.invalid_request import unsupported
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.chat.unsupported_fields import drop_unsupported
from inference.dialects.gemini import conversation, names, output_format, schema_size, thinking, tools
from inference.dialects.output_limit import output_limit

SAMPLING = {"temperature": "temperature", "top_p": "topP", "top_k": "topK"}
PENALTIES = {"presence_penalty": "presencePenalty", "frequency_penalty": "frequencyPenalty"}
LARGEST_PENALTY = 1.99  # two itself is refused
SEEDS = 2**31


def path(upstream_model: str, *, stream: bool) -> str:
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return f"/v1beta/models/{quote(upstream_model, safe='')}:{method}"


def render(request: ChatRequest, target: Target, *, limit: int | None = None) -> ProviderRequest:
    """Raises `InvalidRequest`."""
    traits = target.traits
    rendered = drop_unsupported(request, traits, on_loop=target.on_loop, tells_failures=True)
    sent = names.as_sent(tool.function.name for tool in request.tools or ())
    rendered.names = {ours: callers for callers, ours in sent.items() if ours != callers}
    system, turns = conversation.write(rendered, traits, sent)
    config = generation(rendered, traits, output_limit(rendered, traits, limit))
    rendered.body = {
        "contents": turns,
        **({"systemInstruction": {"parts": system}} if system else {}),
        **tools.write(rendered, sent),
        **({"generationConfig": config} if config else {}),
    }
    schema_size.fit(rendered)
    rendered.name_schemas()
    return rendered


def generation(rendered: ProviderRequest, traits: Traits, max_tokens: int | None) -> dict[str, Any]:
    request = rendered.request
    config = {
        "maxOutputTokens": max_tokens,
        **sampling(rendered, traits),
        "stopSequences": stops(request, traits),
        "seed": seed(rendered),
        **penalties(rendered, traits),
        **output_format.write(rendered, traits),
        "thinkingConfig": thinking.write(rendered, traits, max_tokens),
    }
    return {name: value for name, value in config.items() if value not in (None, [], {})}


def sampling(rendered: ProviderRequest, traits: Traits) -> dict[str, float | None]:
    """What Google would ignore in silence is left out and named."""
    fields = {name: value for name in SAMPLING if (value := getattr(rendered.request, name)) is not None}
    if traits.sampling == "free":
        return {SAMPLING[name]: value for name, value in fields.items()}
    for name, value in fields.items():
        if value != 1:
            rendered.ignore(name)
    return {}


def stops(request: ChatRequest, traits: Traits) -> list[str]:
    sequences = [stop for stop in request.stops if stop]
    if traits.max_stops is not None and len(sequences) > traits.max_stops:
        raise unsupported(f"This model takes at most {traits.max_stops} stop sequences.", param="stop", value=True)
    return sequences


def seed(rendered: ProviderRequest) -> int | None:
    """Gemini's has 32 bits: a larger one is folded, so that the same seed stays the same."""
    number = rendered.request.seed
    if number is None or -SEEDS <= number < SEEDS:
        return number
    rendered.transform("seed_folded")
    return number % SEEDS


def penalties(rendered: ProviderRequest, traits: Traits) -> dict[str, float]:
    fields = {name: value for name in PENALTIES if (value := getattr(rendered.request, name))}
    if not traits.penalties:
        for name in fields:
            rendered.ignore(name)
        return {}
    for name, value in fields.items():
        if value > LARGEST_PENALTY:
            rendered.transform(f"{name}_lowered")
    return {PENALTIES[name]: min(value, LARGEST_PENALTY) for name, value in fields.items()}
