"""The upstream body, field by field: what is not named here is not sent (docs/providers/)."""

from typing import Any

from inference.chat.invalid_request import unsupported
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.chat.unsupported_fields import asks, drop_unsupported
from inference.dialects import tool_names
from inference.dialects.openai_chat import conversation, output_format, thinking, tools
from inference.dialects.output_limit import output_limit

Body = dict[str, Any]

# Sent as they came, unless the row ignores or rejects them or they ask for nothing.
PASSED = (
    "n",
    "seed",
    "logprobs",
    "top_logprobs",
    "presence_penalty",
    "frequency_penalty",
    "verbosity",
    "prediction",
    "top_k",
)
ODDS = {"logprobs", "top_logprobs"}
# A fixed model answers 400 to anything but its own value, which is 1 to every caller's knowledge.
FIXED_AT = 1
A_BIT = 0.01
DEFAULT_RETENTION = "in_memory"


def render(request: ChatRequest, target: Target, *, limit: int | None = None) -> ProviderRequest:
    traits = target.traits
    rendered = drop_unsupported(request, traits, on_loop=target.on_loop)
    sent_names = tools.sent_names(request, traits)
    tokens = output_limit(rendered, traits, limit)
    rendered.names = tool_names.back(request, sent_names)
    rendered.body = {
        "model": target.upstream_model,
        "messages": messages(rendered, target, sent_names),
        **streaming(request, traits),
        **({} if tokens is None else {traits.length_field: tokens}),
        **sampling(request, traits, rendered),
        **passed(rendered, traits),
        **biases(request, traits),
        **stops(request, traits),
        **tools.write(rendered, traits, sent_names),
        **output_format.write(rendered, traits),
        **thinking.write(rendered, traits, tokens),
        **privacy(request, target, rendered),
    }
    rendered.name_schemas()
    return rendered


def takes(traits: Traits, name: str) -> bool:
    return name not in traits.ignores and name not in traits.rejects and name not in traits.drops


def messages(rendered: ProviderRequest, target: Target, sent_names: dict[str, str]) -> list[Body]:
    written = conversation.write(rendered, target, sent_names)
    output_format.remind(rendered, written, target.traits)
    return written


def streaming(request: ChatRequest, traits: Traits) -> Body:
    """Usage is always asked for: without it a stream could only be charged by estimate. Chunks are asked for without
    the random letters that hide their length, which reach no caller and make no two of them alike (alike.py).
    """
    if not request.stream:
        return {}
    options: Body = {"include_usage": True}
    if takes(traits, "stream_options.include_obfuscation"):
        given = request.stream_options.include_obfuscation if request.stream_options else None
        options["include_obfuscation"] = bool(given)
    return {"stream": True, "stream_options": options}


def is_free(request: ChatRequest, traits: Traits) -> bool:
    """Whether sampling is the caller's to choose."""
    reasons = thinking.fitted_effort(request, traits) != "none"
    return traits.sampling == "free" or (traits.sampling == "when_not_reasoning" and not reasons)


def sampling(request: ChatRequest, traits: Traits, rendered: ProviderRequest) -> Body:
    free = is_free(request, traits)
    body: Body = {}
    for name in ("temperature", "top_p"):
        value = getattr(request, name)
        if value is not None and free:
            body[name] = value
        elif value is not None and value != FIXED_AT:
            rendered.ignore(name)
    if traits.temperature_below is not None and body.get("temperature", 0) >= traits.temperature_below:
        body["temperature"] = traits.temperature_below - A_BIT
        rendered.transform("temperature_lowered")
    return body


def passed(rendered: ProviderRequest, traits: Traits) -> Body:
    """A model that samples by itself reports no log probabilities either."""
    request = rendered.request
    body = {name: getattr(request, name) for name in PASSED if asks(request, name) and takes(traits, name)}
    if not is_free(request, traits):
        for name in ODDS & body.keys():
            rendered.ignore(name)
            del body[name]
    return body


def thinks(rendered: ProviderRequest, traits: Traits) -> bool:
    """GPT-5 unless its effort is none; Kimi and Qwen unless they are told not to."""
    match traits.thinking:
        case "none":
            return False
        case "switch":
            return rendered.body.get("thinking") != {"type": "disabled"}
        case "budget":
            return "thinking_budget" in rendered.body
    return rendered.body.get("reasoning_effort", traits.default_effort) != "none"


def biases(request: ChatRequest, traits: Traits) -> Body:
    if not (asks(request, "logit_bias") and takes(traits, "logit_bias")):
        return {}
    bias = request.logit_bias or {}
    return {"logit_bias": {token: int(weight) if weight.is_integer() else weight for token, weight in bias.items()}}


def stops(request: ChatRequest, traits: Traits) -> Body:
    given = [stop for stop in request.stops if stop] if takes(traits, "stop") else []
    if traits.max_stops is not None and len(given) > traits.max_stops:
        raise unsupported(f"This model takes at most {traits.max_stops} stop strings.", param="stop", value=True)
    for stop in given:
        if traits.stop_bytes is not None and len(stop.encode("utf-8", "replace")) > traits.stop_bytes:
            raise unsupported(
                f"This model takes stop strings of at most {traits.stop_bytes} bytes.", param="stop", value=True
            )
    return {"stop": request.stop if isinstance(request.stop, str) else given} if given else {}


def privacy(request: ChatRequest, target: Target, rendered: ProviderRequest) -> Body:
    """Nothing is kept at the provider, nobody is named there, and nobody's price is changed by a tier."""
    traits = target.traits
    body: Body = {}
    if (person := request.safety_identifier or request.user) and traits.safety_identifier:
        body["safety_identifier"] = target.pseudonym(person)
    if request.prompt_cache_key and traits.prompt_cache_key:
        body["prompt_cache_key"] = target.pseudonym(request.prompt_cache_key)
    if traits.service_tier is not None:
        body["service_tier"] = traits.service_tier
    if traits.cache_retention is not None:
        body["prompt_cache_retention"] = traits.cache_retention
    if request.prompt_cache_retention not in (None, traits.cache_retention or DEFAULT_RETENTION):
        rendered.ignore("prompt_cache_retention")
    if takes(traits, "store"):
        # Unset, OpenAI keeps completions for organisations that once agreed to it.
        body["store"] = False
        if request.store:
            rendered.ignore("store")
    return body
