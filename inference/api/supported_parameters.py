"""What of a request a model takes, in OpenRouter's words, asked of the code that writes its requests: what is named as
left out, or refused, is not listed.
"""

import json
from collections.abc import Mapping
from typing import Any

from inference.api import chat
from inference.catalog.snapshot import Listing
from inference.chat import suiting
from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_request import ProviderRequest, Target

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": SCHEMA}}]

# A parameter, and a request that asks for nothing else.
PROBES: Mapping[str, Mapping[str, Any]] = {
    "max_tokens": {"max_tokens": 100},
    "max_completion_tokens": {"max_completion_tokens": 100},
    "stop": {"stop": ["END"]},
    "temperature": {"temperature": 0.5},
    "top_p": {"top_p": 0.5},
    "top_k": {"top_k": 20},
    "seed": {"seed": 7},
    "frequency_penalty": {"frequency_penalty": 0.5},
    "presence_penalty": {"presence_penalty": 0.5},
    "logit_bias": {"logit_bias": {"99": 7}},
    "logprobs": {"logprobs": True},
    "top_logprobs": {"logprobs": True, "top_logprobs": 2},
    "tools": {"tools": TOOLS},
    "tool_choice": {"tools": TOOLS, "tool_choice": "required"},
    "parallel_tool_calls": {"tools": TOOLS, "parallel_tool_calls": False},
    "response_format": {"response_format": {"type": "json_object"}},
    "structured_outputs": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": SCHEMA}}
    },
    "reasoning": {"reasoning": {"effort": "high"}},
    "reasoning_effort": {"reasoning_effort": "high"},
    "verbosity": {"verbosity": "low"},
}
# A schema that is told in words holds no reply to it.
NO_STRUCTURE = {"json_schema_as_instruction", "schema_in_words"}
MOST_KEPT = 500

_kept: dict[tuple[int, str], list[str]] = {}


def supported(listing: Listing) -> list[str]:
    """Asked once of each row as it is: the list is read often, and what a row takes seldom changes."""
    row = id(listing.dialect), repr(listing.traits)  # dialects are modules, which stay
    if (found := _kept.get(row)) is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        found = _kept[row] = [name for name in PROBES if takes(listing, name)]
    return found


def takes(listing: Listing, name: str) -> bool:
    try:
        rendered = rendered_with(listing, PROBES[name])
    except InvalidRequest:
        return False
    return not rendered.ignored and not (
        name == "structured_outputs" and NO_STRUCTURE.intersection(rendered.transforms)
    )


def rendered_with(listing: Listing, fields: Mapping[str, Any]) -> ProviderRequest:
    body = {"model": listing.name, "messages": [{"role": "user", "content": "Answer in JSON."}], **fields}
    request = chat.read(json.dumps(body).encode())
    suiting.suit(request, listing.traits, tool_media=listing.dialect.TOOL_MEDIA)
    return listing.dialect.render(request, Target(listing.upstream_id, listing.traits, lambda value: value))
