"""Why a reply ended, in OpenAI's words (docs/providers/).

The provider's own word is relayed: OpenAI ends a call that was forced by name with `stop`.
"""

from typing import Any

from inference.chat.provider_error import BAD_RESPONSE, UPSTREAM_ERROR, ProviderError

REASONS = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "max_tokens": "length",  # Anthropic's word, behind some gateways
    "model_length": "length",  # Mistral's
    "sensitive": "content_filter",  # Zhipu's
}
NOT_YET = (None, "", "null")  # Qwen writes the word now and then
# OpenRouter, vLLM, Zhipu, DeepSeek: the reply failed half-way.
BROKEN = ("error", "abort", "network_error", "insufficient_system_resource")


def reason(value: Any) -> str | None:
    """None while the reply goes on; an unknown word ends it like `stop`. Raises `ProviderError` where the
    provider failed.
    """
    if value in NOT_YET:
        return None
    if not isinstance(value, str):
        raise ProviderError(BAD_RESPONSE, said=f"finish_reason {value!r:.100}")
    if value in BROKEN:
        raise ProviderError(UPSTREAM_ERROR, said=f"finish_reason {value}")
    return REASONS.get(value, "stop")
