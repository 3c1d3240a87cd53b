"""What OpenTelemetry is told of a completion: a span of the request and one of each call of its provider, by the
conventions for generative AI. Never a prompt, a reply, a key or who asked: the request id leads to the log.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from conway.common import tracing
from conway.common.errors import ApiError
from conway.common.logs import loggable_id
from inference.chat.provider_error import ProviderError
from inference.completion.state import CompletionState

# Where the conventions' name is another than ours.
PROVIDER_NAMES = {"gemini": "gcp.gemini"}
OPERATIONS = {"gemini": "generate_content"}
ABANDONED = "cancelled"  # the client left and was drained for, we were stopped, or it took too long


def refused(error: ApiError, request_id: str) -> None:
    tracing.end(error.status, {"conway.request.id": request_id, "error.type": error.code})


def ended(completion: CompletionState) -> None:
    if tracing.recorder is None:
        return
    booked = completion.booked
    tracing.end(
        completion.status,
        {
            "conway.request.id": completion.request_id,
            "conway.completion.id": completion.id,
            "conway.ending": completion.ending,
            "conway.charged_cents": booked and booked.charged_cents,
            "gen_ai.request.model": completion.listing.name,
        },
    )


@contextmanager
def call(completion: CompletionState) -> Iterator[Mapping[str, str]]:
    """One call of the provider. Yields the headers by which its own spans are found."""
    if (recorder := tracing.recorder) is None:
        yield {}
        return
    from conway.common.open_telemetry import traceparent

    attributes = asked_of(completion)
    span = recorder.call(
        f"{attributes['gen_ai.operation.name']} {attributes['gen_ai.request.model']}", tracing.current.get(), attributes
    )
    failed: str | None = ABANDONED
    try:
        yield {"traceparent": traceparent(span)}
        failed = None
    except ProviderError as fault:
        failed = fault.code
        raise
    finally:
        recorder.end(span, failed, answered(completion))


def asked_of(completion: CompletionState) -> dict[str, Any]:
    provider = completion.listing.provider
    return {
        "gen_ai.operation.name": OPERATIONS.get(provider.dialect, "chat"),
        "gen_ai.provider.name": PROVIDER_NAMES.get(provider.name, provider.name),
        "gen_ai.request.model": completion.listing.upstream_id,
        "gen_ai.request.stream": completion.is_stream,
        "server.address": urlsplit(provider.base_url).hostname,
        "conway.request.id": completion.request_id,
    }


def answered(completion: CompletionState) -> dict[str, Any]:
    """What the provider has said by now."""
    facts, usage = completion.facts, completion.facts.usage
    finished = completion.gathered.finished
    return {
        "gen_ai.response.model": loggable_id(facts.model or "") or None,
        "gen_ai.response.id": loggable_id(facts.upstream_id or "") or None,
        "gen_ai.response.finish_reasons": [finished[index] for index in sorted(finished)] or None,
        "gen_ai.usage.input_tokens": usage and usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage and usage.output,
        "gen_ai.usage.cache_read.input_tokens": usage and usage.cached + usage.cached_explicit,
        "gen_ai.usage.cache_creation.input_tokens": usage and usage.write_5m + usage.write_1h,
        "gen_ai.usage.reasoning.output_tokens": usage and usage.reasoning,
    }
