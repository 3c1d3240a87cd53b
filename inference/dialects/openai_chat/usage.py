"""What a reply used (docs/providers/)."""

from collections.abc import Mapping
from typing import Any

from inference.chat.usage import Usage
from inference.dialects.untrusted_json import grown, mapping, number, tokens

Numbers = Mapping[str, Any]

EXPLICIT = "ephemeral"  # Qwen's word for a cache that the caller marked, which is cheaper to read
# Details that are shown and priced nowhere.
SHOWN_OF_PROMPT = ("text_tokens", "image_tokens", "video_tokens")
SHOWN_OF_COMPLETION = (
    "accepted_prediction_tokens",
    "rejected_prediction_tokens",
    "audio_tokens",
    "text_tokens",
    "image_tokens",
)


def merged(before: Numbers | None, now: Numbers) -> dict[str, Any]:
    """The last value per field: usage may come twice, or grow with each chunk."""
    return grown(before or {}, now, ("prompt_tokens", "completion_tokens"))


def read(numbers: Numbers) -> Usage | None:
    """None where the two totals are not there: a missing number is not a zero."""
    prompt, output = number(numbers.get("prompt_tokens")), number(numbers.get("completion_tokens"))
    if prompt is None or output is None:
        return None
    of_prompt, of_completion = (
        mapping(numbers.get("prompt_tokens_details")),
        mapping(numbers.get("completion_tokens_details")),
    )
    # Moonshot reports the hit beside the totals, Qwen the write as cache_creation_input_tokens.
    cached = first(of_prompt.get("cached_tokens"), numbers.get("cached_tokens"))
    is_explicit = EXPLICIT in (of_prompt.get("cache_type"), numbers.get("cache_type"))
    return Usage.of(
        prompt=prompt,
        output=output,
        cached=0 if is_explicit else cached,
        cached_explicit=cached if is_explicit else 0,
        write_5m=first(of_prompt.get("cache_write_tokens"), of_prompt.get("cache_creation_input_tokens")),
        audio_in=first(of_prompt.get("audio_tokens")),
        reasoning=number(of_completion.get("reasoning_tokens")),
        shown={
            "prompt": counted(of_prompt, SHOWN_OF_PROMPT),
            "completion": counted(of_completion, SHOWN_OF_COMPLETION),
        },
    )


def first(*values: Any) -> int:
    return next((count for value in values if (count := tokens(value))), 0)


def counted(details: Numbers, names: tuple[str, ...]) -> dict[str, int]:
    return {name: count for name in names if (count := number(details.get(name))) is not None}
