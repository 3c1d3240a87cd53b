"""What happens to the fields a model does not take: left out and named, or refused (docs/providers/README.md).

Refused is what would change the reply's shape, its price or its safety; left out is what only tunes it.
"""

import string
from typing import Any

from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest, unsupported
from inference.chat.messages import AnyPart, CacheMark, FilePart, ImagePart, TextPart
from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits

# Values that ask for nothing: leaving them out changes nothing, so nobody is told.
NEUTRAL: dict[str, Any] = {
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logit_bias": {},
    "metadata": {},
    "store": False,
    "n": 1,
    "logprobs": False,
    "top_logprobs": 0,
    "stop": [],
}

BETWEEN_TOOLS = "between_tools"
MODELS_OF = {"anthropic": "Claude"}
HEADER_LETTERS = frozenset(string.ascii_letters + string.digits + "_-.")

SENTENCES = {
    "n": "This model gives one choice per request; leave out n or send 1.",
    "logprobs": "This model does not report log probabilities.",
    "top_logprobs": "This model does not report log probabilities.",
    "audio": "Audio output is not supported.",
    "web_search_options": "Web search is not offered yet.",
    "moderation": "Moderation is not offered yet.",
}


def drop_unsupported(
    request: ChatRequest,
    traits: Traits,
    *,
    on_loop: bool = False,
    claudes_own: bool = False,
    tells_failures: bool = False,
) -> ProviderRequest:
    """A `ProviderRequest` with an empty body, told of every field it will not carry. Raises `InvalidRequest`.

    `claudes_own`: what only Claude has a word for is sent, too. `tells_failures`: so is that a tool failed.
    """
    rendered = ProviderRequest(request, {}, budget=Budget.of(on_loop=on_loop))
    given = request.model_fields_set
    for name in sorted(traits.rejects & given):
        if asks(request, name):
            raise unsupported(SENTENCES.get(name, f"This model does not support {name}."), param=name)
    for name in (*sorted(traits.ignores & given), *sorted(traits.drops & given)):
        if "." not in name and asks(request, name):
            rendered.ignore(name)
    for name in request.unknown + request.unknown_inside:
        rendered.ignore(printable(name))
    for name in request.rewritten:
        rendered.transform(name)
    if request.max_completion_tokens and request.max_tokens not in (None, request.max_completion_tokens):
        rendered.ignore("max_tokens")
    if traits.drops & {"stream_options.include_obfuscation"}:
        name_obfuscation(rendered)
    name_thinking_between_tools(rendered, traits)
    name_lost_of_messages(rendered, traits)
    if not claudes_own:
        name_claudes_own(rendered)
    name_failures(rendered, are_told=tells_failures, in_words_only=claudes_own)
    if request.parallel_tool_calls is False and not request.tools:
        rendered.ignore("parallel_tool_calls")
    check_custom_tools(request, traits)
    check_makers_tools(request, maker="anthropic" if claudes_own else None)
    check_modalities(request)
    check_service_tier(request)
    return rendered


def asks(request: ChatRequest, name: str) -> bool:
    if name not in request.model_fields_set:
        return False
    value = getattr(request, name)
    return value is not None and (name not in NEUTRAL or value != NEUTRAL[name])


def printable(name: str) -> str:
    """A caller's own field name goes back in a header: only what a header can hold."""
    beginning = name[:256]
    return "".join(letter for letter in beginning if letter in HEADER_LETTERS)[:64] or "?"


def name_obfuscation(rendered: ProviderRequest) -> None:
    """Padding against guesses at the length of tokens; only OpenAI has it."""
    options = rendered.request.stream_options
    if options is not None and options.include_obfuscation:
        rendered.ignore("stream_options.include_obfuscation")


def name_thinking_between_tools(rendered: ProviderRequest, traits: Traits) -> None:
    """Where a model does not tell it from thinking that is off."""
    thinking = rendered.request.thinking
    is_asked = thinking is not None and thinking.type == BETWEEN_TOOLS
    if is_asked and traits.thinking_off != BETWEEN_TOOLS and "thinking" not in traits.ignores:
        rendered.transform("thinking_disabled")


def name_lost_of_messages(rendered: ProviderRequest, traits: Traits) -> None:
    """What a message says besides its content, and the model's provider has no word for."""
    request = rendered.request
    for index, message in enumerate(request.messages):
        if message.name is not None and not traits.message_names and message.role != "tool":
            rendered.ignore("messages.name")
        is_last = index == len(request.messages) - 1
        if message.partial and not (is_last and message.role == "assistant" and (traits.partial or traits.prefill)):
            rendered.ignore("messages.partial")
        if message.cache_control is not None:
            name_lost_mark(rendered, traits, message.cache_control)
        for part in message.content if isinstance(message.content, list) else ():
            name_lost_of_part(rendered, traits, part)
    for tool in request.tools or ():
        if tool.cache_control is not None:
            name_lost_mark(rendered, traits, tool.cache_control)


def name_lost_of_part(rendered: ProviderRequest, traits: Traits, part: AnyPart) -> None:
    if part.cache_control is not None:
        name_lost_mark(rendered, traits, part.cache_control)
    if part.prompt_cache_breakpoint is not None:
        if not traits.cache_marks:
            rendered.ignore("prompt_cache_breakpoint")
        elif part.prompt_cache_breakpoint.ttl is not None:
            rendered.ignore("prompt_cache_breakpoint.ttl")
    detail = part.image_url.detail if isinstance(part, ImagePart) else None
    if detail not in (None, "auto") and "image_url.detail" in traits.drops:
        rendered.ignore("image_url.detail")


def name_claudes_own(rendered: ProviderRequest) -> None:
    """What a text cites, what is told of a document, a mark on a call."""
    for message in rendered.request.messages:
        for part in message.content if isinstance(message.content, list) else ():
            if isinstance(part, TextPart) and part.citations:
                rendered.ignore("messages.content.citations")
            elif isinstance(part, FilePart):
                for name in ("context", "citations"):
                    if getattr(part.file, name):
                        rendered.ignore(f"file.{name}")
        if any(call.cache_control is not None for call in message.calls):
            rendered.ignore("cache_control")


def name_failures(rendered: ProviderRequest, *, are_told: bool, in_words_only: bool) -> None:
    """That a tool failed, where nothing but its words can say so. Claude takes no pictures with a failure."""
    for message in rendered.request.messages if not are_told else ():
        if message.is_error and not (in_words_only and all(isinstance(part, TextPart) for part in message.parts)):
            rendered.ignore("messages.is_error")


def name_lost_mark(rendered: ProviderRequest, traits: Traits, mark: CacheMark) -> None:
    if not traits.cache_marks:
        rendered.ignore("cache_control")
    elif mark.ttl == "1h" and not traits.cache_hours:
        rendered.ignore("cache_control.ttl")


def check_custom_tools(request: ChatRequest, traits: Traits) -> None:
    for number, tool in enumerate(request.tools or ()):
        if tool.custom is not None and not traits.custom_tools:
            sentence = f"tools[{number}]: this model takes no custom tools; declare '{tool.custom.name}' as a function."
            raise unsupported(sentence, param="tools", value=True)


def check_makers_tools(request: ChatRequest, *, maker: str | None) -> None:
    """A model of another maker would not know how to call what has no schema. `maker`: the model's."""
    for number, tool in enumerate(request.tools or ()):
        known = request.makers_tools.get(tool.function.name)
        if known is not None and known.maker != maker:
            sentence = f"tools.{number}: only {MODELS_OF[known.maker]} models know the tool '{known.kind[:60]}'. "
            remedy = f"Ask a {MODELS_OF[known.maker]} model, or give the tool an input_schema."
            raise unsupported(sentence + remedy, param="tools", value=True)


def check_modalities(request: ChatRequest) -> None:
    if request.modalities is not None and request.modalities != ["text"]:
        raise unsupported("Only text output is supported.", param="modalities", value=True)


def check_service_tier(request: ChatRequest) -> None:
    if request.service_tier not in (None, "auto", "default"):
        raise InvalidRequest(
            "Only the default service tier is offered.", param="service_tier", code="unsupported_value"
        )
