"""The body of `POST /v1/responses` as a request in the neutral form. Nothing is stored here, so whatever would need a
stored response is refused with what to send instead.
"""

from collections.abc import Callable
from typing import Any

from inference.api import expecting, routed_reasoning
from inference.api.responses import tools
from inference.api.responses.items import Items
from inference.chat.budget import Budget
from inference.chat.encoding import dumps
from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from inference.chat.request_body import Adopted

Fields = dict[str, Any]

SAME = (
    *("model", "stream", "temperature", "top_p", "top_logprobs", "parallel_tool_calls", "prompt_cache_key"),
    *("prompt_cache_retention", "metadata", "user", "safety_identifier", "service_tier"),
)
READ_APART = ("input", "instructions", "tools")
# A reply repeats them. Instructions and tools may be as long as a request, and are not repeated.
ECHOED = (*SAME[2:], "max_output_tokens", "reasoning", "text", "tool_choice", "truncation", "max_tool_calls")
LONGEST_ECHO = 4_000  # characters of JSON
STORED = "Responses are not stored here. "
# Field → what of it asks for something stored, and what to do instead.
REMEDIES: dict[str, str] = {
    "previous_response_id": STORED + "Leave previous_response_id out and send the whole conversation as input.",
    "conversation": STORED + "Leave conversation out and send the whole conversation as input.",
    "background": "Responses cannot run in the background here: leave background out, and stream.",
    "prompt": "Prompt templates are not stored here: send instructions and input.",
}
WITHOUT_EFFECT: dict[str, tuple[Any, ...]] = {
    "store": (True, False),  # answered as not stored
    "background": (False,),
    "truncation": ("disabled",),
}
INCLUDED = ("reasoning.encrypted_content",)  # always sent, for callers who bring it back
ROUTED = frozenset({"max_tokens", "enabled", "exclude"})  # of OpenRouter's `reasoning`
LOGPROBS = "message.output_text.logprobs"


def read(body: bytes, *, on_loop: bool = False) -> ChatRequest:
    """Raises `InvalidRequest`, and, `on_loop`, `TooMuchHere`."""
    return ChatRequest.read(body, on_loop=on_loop, adopt=adopt)


def adopt(fields: Fields, budget: Budget) -> Adopted:
    expecting.settle_limits(fields, "max_output_tokens", "top_logprobs")
    adopted = Adopted({name: fields[name] for name in SAME if fields.get(name) is not None})
    adopted.echo = {name: fields[name] for name in ECHOED if is_short(fields.get(name))}
    for name, value in fields.items():
        if value is None or name in SAME or name in READ_APART or value in WITHOUT_EFFECT.get(name, ()):
            continue
        if name in REMEDIES:
            raise InvalidRequest(REMEDIES[name], param=name, code="unsupported_parameter")
        if name in FIELDS:
            FIELDS[name](value, adopted)
        else:
            adopted.ignored.append(name)
    tools.tools(fields, adopted)
    if adopted.fields.get("top_logprobs") is not None:
        adopted.fields["logprobs"] = True
    instructions = fields.get("instructions")
    system = (
        [] if instructions is None else [{"role": "system", "content": expecting.text(instructions, "instructions")}]
    )
    if fields.get("input"):
        adopted.fields["messages"] = system + Items(adopted, budget).messages(fields["input"])
    elif system:
        adopted.fields["messages"] = system
    else:
        raise expecting.missing("input")
    return adopted


def is_short(value: Any) -> bool:
    """Whether the value is short enough to be repeated, and is JSON again: 1e999 reads as infinity."""
    return value is not None and len(text := dumps(value)) <= LONGEST_ECHO and "Infinity" not in text


def reasoning(value: Any, adopted: Adopted) -> None:
    fields = expecting.mapping(value, "reasoning")
    if ROUTED & fields.keys():
        routed_reasoning.settle(fields, adopted.fields)
    else:
        adopted.fields["reasoning_effort"] = fields.get("effort") or None
    if summary := fields.get("summary") or fields.get("generate_summary"):
        adopted.fields["reasoning_summary"] = summary
    known = ("effort", "summary", "generate_summary", *ROUTED)
    unknown = (f"reasoning.{name}" for name in fields if name not in known and fields[name] is not None)
    expecting.note(adopted.ignored, *unknown)


def text(value: Any, adopted: Adopted) -> None:
    fields = expecting.mapping(value, "text")
    adopted.fields["verbosity"] = fields.get("verbosity")
    if (form := fields.get("format")) is None:
        return
    kind = expecting.mapping(form, "text.format").get("type")
    if kind == "json_schema":
        named = {name: form.get(name) for name in ("name", "description", "schema", "strict")}
        adopted.fields["response_format"] = {"type": kind, "json_schema": named}
    else:
        adopted.fields["response_format"] = {"type": kind}


def include(value: Any, adopted: Adopted) -> None:
    for name in expecting.items(value, "include"):
        if name == LOGPROBS:
            adopted.fields["logprobs"] = True
        elif name not in INCLUDED:
            expecting.note(adopted.ignored, f"include.{expecting.text(name, 'include')}")


def max_output_tokens(value: Any, adopted: Adopted) -> None:
    adopted.fields["max_completion_tokens"] = value


def stream_options(value: Any, adopted: Adopted) -> None:
    """Events are padded or not; usage is always told."""
    padding = expecting.mapping(value, "stream_options").get("include_obfuscation")
    adopted.fields["stream_options"] = {"include_obfuscation": padding}


FIELDS: dict[str, Callable[[Any, Adopted], None]] = {
    "reasoning": reasoning,
    "text": text,
    "include": include,
    "max_output_tokens": max_output_tokens,
    "stream_options": stream_options,
    "tool_choice": tools.tool_choice,
}
