"""Claude's usage in buckets: input counts exclude each other, output holds thinking (docs/providers/anthropic.md)."""

from collections.abc import Mapping
from typing import Any

from inference.chat.usage import Usage
from inference.dialects.untrusted_json import mapping, number, tokens

PROMPT = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def updated(usage: dict[str, Any], later: Any) -> dict[str, Any]:
    """Later values replace earlier ones, being cumulative; one that is absent or null says nothing. Nor does a zero
    by which the prompt would become smaller: some servers know the prompt at the start only.
    """
    counts = {name: value for name, value in mapping(later).items() if value is not None}
    if prompt_of({**usage, **counts}) < prompt_of(usage):
        counts = {name: value for name, value in counts.items() if value or name not in PROMPT}
    return {**usage, **counts}


def prompt_of(usage: Mapping[str, Any]) -> int:
    return sum(max(0, tokens(usage.get(name))) for name in PROMPT)


def read(usage: Mapping[str, Any], *, with_output: bool = True) -> Usage | None:
    """None where the provider did not say. `with_output` false: the prompt alone, of a stream that only began."""
    plain = number(usage.get("input_tokens"))
    output = number(usage.get("output_tokens")) if with_output else 0
    if plain is None or output is None:
        return None
    cached = tokens(usage.get("cache_read_input_tokens"))
    write_5m, write_1h = cache_writes(usage)
    return Usage.of(
        prompt=plain + cached + write_5m + write_1h, output=output, cached=cached, write_5m=write_5m, write_1h=write_1h,
        reasoning=thinking_tokens(usage, output) if with_output else None,
    )  # fmt: skip


def cache_writes(usage: Mapping[str, Any]) -> tuple[int, int]:
    """The split by lifetime comes once, at the start; the total may grow later, at the five-minute price."""
    split = mapping(usage.get("cache_creation"))
    write_5m, write_1h = (tokens(split.get(f"ephemeral_{time}_input_tokens")) for time in ("5m", "1h"))
    written = usage.get("cache_creation_input_tokens")
    total = write_5m + write_1h if written is None else tokens(written)
    return total - min(write_1h, total), min(write_1h, total)


def thinking_tokens(usage: Mapping[str, Any], output: int) -> int | None:
    thought = number(mapping(usage.get("output_tokens_details")).get("thinking_tokens"))
    return None if thought is None else max(0, min(thought, output))
