"""The Responses API's token counts."""

from typing import Any

from inference.chat.usage import Usage
from inference.dialects.untrusted_json import mapping, number, tokens


def read_usage(raw: Any) -> Usage | None:
    """None where the counts are missing: a bill must not take that for zero."""
    counts = mapping(raw)
    prompt, output = number(counts.get("input_tokens")), number(counts.get("output_tokens"))
    if prompt is None or output is None:
        return None
    details, written = mapping(counts.get("input_tokens_details")), mapping(counts.get("output_tokens_details"))
    return Usage.of(
        prompt=prompt,
        output=output,
        cached=tokens(details.get("cached_tokens")),
        write_5m=tokens(details.get("cache_write_tokens")),
        reasoning=number(written.get("reasoning_tokens")),
    )
