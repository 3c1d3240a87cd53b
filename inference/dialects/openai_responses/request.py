"""The body of `POST /responses`."""

from typing import Any

from inference.chat.invalid_request import InvalidRequest, unsupported
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.chat.unsupported_fields import asks, drop_unsupported
from inference.dialects import tool_names
from inference.dialects.openai_responses import conversation, output_format, thinking, tools
from inference.dialects.output_limit import output_limit

# Chat Completions fields this API has no word for. Without `stop` or a second choice the reply would be another one.
NO_SUCH_FIELD = ("stop", "seed", "logit_bias", "presence_penalty", "frequency_penalty", "prediction")
CANNOT = {
    "n": "This model gives one choice per request; leave out n or send 1.",
}
LEAST_OUTPUT_TOKENS = 16  # the API answers 400 to less


def render(request: ChatRequest, target: Target, *, limit: int | None = None) -> ProviderRequest:
    """Raises `InvalidRequest`. Reasoning comes back sealed, because nothing is stored at OpenAI."""
    rendered = drop_unsupported(request, target.traits, on_loop=target.on_loop)
    leave_out(request, rendered)
    sent_names = tool_names.sent(request, tools.fitting, tools.LONGEST_NAME)
    rendered.names = tool_names.back(request, sent_names)
    rendered.body = {
        "model": target.upstream_model,
        "input": conversation.write(rendered, target, sent_names),
        "store": False,
        **length(rendered, target.traits, limit),
        **sampling(request, target.traits, rendered),
        **thinking.write(rendered, target.traits),
        **tools.write(rendered, sent_names),
        **output_format.write(rendered),
        **include(rendered, target.traits),
        **privacy(request, target, rendered),
        **streaming(request),
    }
    rendered.name_schemas()
    return rendered


def leave_out(request: ChatRequest, rendered: ProviderRequest) -> None:
    for name, sentence in CANNOT.items():
        if asks(request, name) and getattr(request, name) != []:
            raise unsupported(sentence, param=name)
    for name in NO_SUCH_FIELD:
        if asks(request, name):
            rendered.ignore(name)
    if request.store:
        rendered.ignore("store")


def length(rendered: ProviderRequest, traits: Traits, limit: int | None) -> dict[str, Any]:
    tokens = output_limit(rendered, traits, limit)
    if tokens is None:
        return {}
    if tokens < LEAST_OUTPUT_TOKENS:
        rendered.transform("output_limit_raised")
    return {"max_output_tokens": max(tokens, LEAST_OUTPUT_TOKENS)}


def is_free(request: ChatRequest, traits: Traits) -> bool:
    """Whether sampling is the caller's to choose."""
    given = request.reasoning_effort
    effort = traits.efforts.get(given, given) if given else traits.default_effort
    return traits.sampling == "free" or (traits.sampling == "when_not_reasoning" and effort == "none")


def sampling(request: ChatRequest, traits: Traits, rendered: ProviderRequest) -> dict[str, Any]:
    """A model that reasons takes 1 and nothing else: 1 is left out, another value is left out and named."""
    given = {name: value for name in ("temperature", "top_p") if (value := getattr(request, name)) is not None}
    if is_free(request, traits):
        return given
    for name, value in given.items():
        if value != 1:
            rendered.ignore(name)
    return {}


def thinks(rendered: ProviderRequest, traits: Traits) -> bool:
    """A reasoning model unless its effort is none. It sends its thoughts sealed: their size tells nothing."""
    return (rendered.body.get("reasoning") or {}).get("effort", traits.default_effort) != "none"


def include(rendered: ProviderRequest, traits: Traits) -> dict[str, Any]:
    request = rendered.request
    if request.top_logprobs and not request.logprobs:
        raise InvalidRequest("top_logprobs needs logprobs: true.", param="top_logprobs")
    wanted = ["reasoning.encrypted_content"] if traits.thinking != "none" else []
    body: dict[str, Any] = {}
    if request.logprobs and is_free(request, traits):
        wanted.append("message.output_text.logprobs")
        body = {} if request.top_logprobs is None else {"top_logprobs": request.top_logprobs}
    elif request.logprobs:
        rendered.ignore("logprobs")
        if request.top_logprobs is not None:
            rendered.ignore("top_logprobs")
    return {**({"include": wanted} if wanted else {}), **body}


def privacy(request: ChatRequest, target: Target, rendered: ProviderRequest) -> dict[str, Any]:
    """Who asks, hashed; and the tier and cache retention that keep price and privacy as promised."""
    traits = target.traits
    body: dict[str, Any] = {}
    who = request.safety_identifier or request.user
    if who and traits.safety_identifier:
        body["safety_identifier"] = target.pseudonym(who)
    if request.prompt_cache_key and traits.prompt_cache_key:
        body["prompt_cache_key"] = target.pseudonym(request.prompt_cache_key)
    if request.prompt_cache_retention not in (None, traits.cache_retention):
        rendered.ignore("prompt_cache_retention")
    if traits.cache_retention:
        body["prompt_cache_retention"] = traits.cache_retention
    if traits.service_tier:
        body["service_tier"] = traits.service_tier
    return body


def streaming(request: ChatRequest) -> dict[str, Any]:
    if not request.stream:
        return {}
    if request.stream_options is None or request.stream_options.include_obfuscation is None:
        return {"stream": True}
    return {"stream": True, "stream_options": {"include_obfuscation": request.stream_options.include_obfuscation}}
