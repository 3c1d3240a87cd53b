"""The body of `POST /responses`."""

from typing import Any

from inference.chat.invalid_request import InvalidRequest, unsupported
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.request import ChatRequest, JsonSchema, Tool
from inference.chat.traits import Traits
from inference.chat.unsupported_fields import asks, drop_unsupported
from inference.dialects.openai_responses.conversation import input_items

# Chat Completions fields this API has no word for. Without `stop` or a second choice the reply would be another one.
NO_SUCH_FIELD = ("seed", "logit_bias", "presence_penalty", "frequency_penalty", "prediction")
CANNOT = {
    "stop": "This model does not take stop sequences.",
    "n": "This model gives one choice per request; leave out n or send 1.",
}
LEAST_OUTPUT_TOKENS = 16  # the API answers 400 to less
NO_PARAMETERS = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def render(request: ChatRequest, target: Target, *, limit: int | None = None) -> ProviderRequest:
    """Raises `InvalidRequest`. Reasoning comes back sealed, because nothing is stored at OpenAI."""
    rendered = drop_unsupported(request, target.traits, on_loop=target.on_loop)
    leave_out(request, rendered)
    rendered.body = {
        "model": target.upstream_model,
        "input": input_items(request.messages, target, rendered),
        "store": False,
        **length(request, target.traits, limit, rendered),
        **sampling(request, target.traits, rendered),
        **thinking(request, target.traits),
        **tools(request),
        **text(request),
        **include(request, target.traits),
        **tenancy(request, target, rendered),
        **streaming(request),
    }
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


def length(request: ChatRequest, traits: Traits, limit: int | None, rendered: ProviderRequest) -> dict[str, Any]:
    most = traits.max_output_tokens if traits.always_send_length else None
    limits = [tokens for tokens in (request.output_limit or most, limit) if tokens is not None]
    if not limits:
        return {}
    if min(limits) < LEAST_OUTPUT_TOKENS:
        rendered.transform("output_limit_raised")
    return {"max_output_tokens": max(min(limits), LEAST_OUTPUT_TOKENS)}


def sampling(request: ChatRequest, traits: Traits, rendered: ProviderRequest) -> dict[str, Any]:
    """A model that reasons takes 1 and nothing else: 1 is left out, another value is left out and named."""
    given = {name: value for name in ("temperature", "top_p") if (value := getattr(request, name)) is not None}
    thinks = (request.reasoning_effort or traits.default_effort) != "none"
    if traits.sampling == "free" or (traits.sampling == "when_not_reasoning" and not thinks):
        return given
    for name, value in given.items():
        if value != 1:
            rendered.ignore(name)
    return {}


def thinking(request: ChatRequest, traits: Traits) -> dict[str, Any]:
    effort = request.reasoning_effort
    if effort is None or "reasoning_effort" in traits.ignores:
        return {}
    return {"reasoning": {"effort": traits.efforts.get(effort, effort)}}


def thinks(rendered: ProviderRequest, traits: Traits) -> bool:
    """A reasoning model unless its effort is none. It sends its thoughts sealed: their size tells nothing."""
    return (rendered.body.get("reasoning") or {}).get("effort", traits.default_effort) != "none"


def tools(request: ChatRequest) -> dict[str, Any]:
    if not request.tools:
        return {}
    body: dict[str, Any] = {"tools": [tool(given) for given in request.tools]}
    if request.tool_choice is not None:
        body["tool_choice"] = tool_choice(request)
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls
    return body


def tool(given: Tool) -> dict[str, Any]:
    function = given.function
    described = {"description": function.description} if function.description is not None else {}
    return {
        "type": "function",
        "name": function.name,
        **described,
        "parameters": function.parameters or NO_PARAMETERS,
        "strict": bool(function.strict),  # absent would mean true here, and most schemas do not fit that
    }


def tool_choice(request: ChatRequest) -> Any:
    if request.forced_tool:
        return {"type": "function", "name": request.forced_tool}
    if allowed := request.allowed_tools:
        names = [{"type": "function", "name": given["function"]["name"]} for given in allowed.tools]
        return {"type": "allowed_tools", "mode": allowed.mode, "tools": names}
    return request.tool_choice


def text(request: ChatRequest) -> dict[str, Any]:
    form = request.response_format
    told: dict[str, Any] = {}
    if form is not None and form.json_schema is not None and form.type == "json_schema":
        told["format"] = json_schema(form.json_schema)
    elif form is not None and form.type == "json_object":
        told["format"] = {"type": "json_object"}
    if request.verbosity is not None:
        told["verbosity"] = request.verbosity
    return {"text": told} if told else {}


def json_schema(given: JsonSchema) -> dict[str, Any]:
    described = {"description": given.description} if given.description is not None else {}
    schema = {"schema": given.schema_ or {}, "strict": bool(given.strict)}
    return {"type": "json_schema", "name": given.name, **described, **schema}


def include(request: ChatRequest, traits: Traits) -> dict[str, Any]:
    if request.top_logprobs and not request.logprobs:
        raise InvalidRequest("top_logprobs needs logprobs: true.", param="top_logprobs")
    wanted = ["reasoning.encrypted_content"] if traits.thinking != "none" else []
    if request.logprobs:
        wanted.append("message.output_text.logprobs")
    body: dict[str, Any] = {"include": wanted} if wanted else {}
    if request.logprobs and request.top_logprobs is not None:
        body["top_logprobs"] = request.top_logprobs
    return body


def tenancy(request: ChatRequest, target: Target, rendered: ProviderRequest) -> dict[str, Any]:
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
