"""What a reply used (docs/providers/)."""

from collections.abc import Mapping
from typing import Any

from inference.chat.usage import Usage
from inference.dialects.untrusted_json import mapping, number, tokens

Numbers = Mapping[str, Any]

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
    return {**(before or {}), **{name: value for name, value in now.items() if value is not None}}


def read(said: Numbers) -> Usage | None:
    """None where the two totals are not there: a missing number is not a zero."""
    prompt, output = number(said.get("prompt_tokens")), number(said.get("completion_tokens"))
    if prompt is None or output is None:
        return None
    of_prompt, of_completion = (
        mapping(said.get("prompt_tokens_details")),
        mapping(said.get("completion_tokens_details")),
    )
    return Usage.of(
        prompt=prompt,
        output=output,
        # Moonshot reports the hit beside the totals, Qwen the write as cache_creation_input_tokens.
        cached=first(of_prompt.get("cached_tokens"), said.get("cached_tokens")),
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
