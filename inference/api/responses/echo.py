"""What a response repeats of its request, as OpenAI's does; what may be as long as a request is left out."""

from typing import Any

from inference.chat.request import ChatRequest

DEFAULTS: dict[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "store": False,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
OURS = ("service_tier",)  # whatever was asked


def echo(request: ChatRequest) -> dict[str, Any]:
    fields = {name: value for name, value in request.echo.items() if value is not None and name not in OURS}
    return {**DEFAULTS, **fields}
