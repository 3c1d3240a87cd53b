"""What a completion used, in buckets that do not overlap."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

INPUT_BUCKETS = ("input", "cached", "cached_explicit", "write_5m", "write_1h", "audio_in", "audio_cached")
BUCKETS = (*INPUT_BUCKETS, "output")
MOST_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens per priced bucket; the sum of the input buckets is the whole prompt (docs/providers/).

    `cached_explicit`: read from a cache that the caller marked, where that has a price of its own (Qwen).
    `reasoning` is the part of `output` that was thought, None where the provider does not say.
    `shown` holds further details of OpenAI's usage object, relayed as the provider sent them and priced nowhere.
    """

    input: int = 0
    cached: int = 0
    cached_explicit: int = 0
    write_5m: int = 0
    write_1h: int = 0
    audio_in: int = 0
    audio_cached: int = 0
    output: int = 0
    reasoning: int | None = None
    shown: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        *,
        prompt: int,
        output: int,
        cached: int = 0,
        cached_explicit: int = 0,
        write_5m: int = 0,
        write_1h: int = 0,
        audio_in: int = 0,
        audio_cached: int = 0,
        reasoning: int | None = None,
        shown: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> "Usage | None":
        """From a prompt total that contains its details. None for numbers that nobody can be billed by: below zero,
        beyond any model, a prompt of nothing, details that do not fit into their total.
        """
        details = (cached, cached_explicit, write_5m, write_1h, audio_in, audio_cached)
        return cls(prompt - sum(details), *details, output=output, reasoning=reasoning, shown=shown or {}).believed()

    def believed(self) -> "Usage | None":
        """Itself, if somebody can be billed by it."""
        prompt, output = self.prompt_buckets, (self.output, self.reasoning or 0)
        counts = prompt + output  # some providers count with every chunk: without a loop
        return self if sum(prompt) and min(counts) >= 0 and max(counts) <= MOST_TOKENS else None

    @property
    def prompt_buckets(self) -> tuple[int, ...]:
        cached = (self.cached, self.cached_explicit, self.audio_cached)
        return (self.input, *cached, self.write_5m, self.write_1h, self.audio_in)

    @property
    def prompt_tokens(self) -> int:
        return sum(self.prompt_buckets)

    def buckets(self) -> dict[str, int]:
        return {bucket: tokens for bucket in BUCKETS if (tokens := getattr(self, bucket))}

    def as_openai(self) -> dict[str, Any]:
        """OpenAI's usage object (`openai` types/completion_usage.py)."""
        prompt: dict[str, Any] = {
            "cached_tokens": self.cached + self.cached_explicit + self.audio_cached,
            "audio_tokens": self.audio_in + self.audio_cached,
        }
        if writes := self.write_5m + self.write_1h:
            prompt["cache_write_tokens"] = writes
        completion: dict[str, Any] = {} if self.reasoning is None else {"reasoning_tokens": self.reasoning}
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.output,
            "total_tokens": self.prompt_tokens + self.output,
            "prompt_tokens_details": {**prompt, **self.shown.get("prompt", {})},
            "completion_tokens_details": {**completion, **self.shown.get("completion", {})},
        }
