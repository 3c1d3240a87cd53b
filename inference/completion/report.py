"""What operators are told of each answer: a count, and a line in the access log. Never a prompt, a reply or a key.

The request id is ours; it stands in the answer's headers, in the line and in the completion's row, and so leads from
any of them to the others.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any

from accounts.authentication import Caller
from conway.common.errors import ApiError
from conway.common.logs import Fields, loggable_id
from inference import metrics
from inference.chat.format import Format
from inference.completion import traces
from inference.completion.state import CompletionState

log = logging.getLogger("conway.access")


def refused(
    error: ApiError, *, request_id: str, headers: Mapping[str, str], caller: Caller | None, format: Format
) -> None:
    """Reports a request that was refused before it was admitted: no provider, no tokens, no charge."""
    metrics.answered(format=format.NAME, status=error.status)
    traces.refused(error, request_id)
    tell(
        lambda: {
            "request_id": request_id,
            "client_request_id": loggable_id(headers.get("x-request-id", "")),
            "format": format.NAME,
            "account": caller and caller.user_id,
            "key": caller and caller.key_id,
            "status": error.status,
            "ending": error.code,
        }
    )


def ended(completion: CompletionState, settled_at: float) -> None:
    """Reports a completion whose settlement is booked, or in the spool; the client may have left long ago."""
    listing = completion.listing
    metrics.answered(
        format=completion.format.NAME, status=completion.status, provider=listing.provider.name, model=listing.name
    )
    if completion.first_asked is not None and completion.read_until is not None:
        before, after = completion.first_asked - completion.received, settled_at - completion.read_until
        metrics.ADDED.observe(before + after)
    tell(lambda: line_of(completion))
    traces.ended(completion)


def line_of(completion: CompletionState) -> dict[str, Any]:
    booked, usage = completion.booked, completion.usage
    return {
        "request_id": completion.request_id,
        "client_request_id": completion.client_request_id,
        "completion": completion.id,
        "format": completion.format.NAME,
        "account": completion.caller.user_id,
        "key": completion.caller.key_id,
        "model": completion.listing.name,
        "provider": completion.listing.provider.name,
        "upstream_id": loggable_id(completion.facts.upstream_id or ""),
        "stream": completion.is_stream,
        "status": completion.status,
        "ending": completion.ending,
        "first_byte_ms": milliseconds(completion.received, completion.first_byte),
        "total_ms": milliseconds(completion.received, time.monotonic()),
        "input_tokens": usage.prompt_tokens if usage else 0,
        "output_tokens": usage.output if usage else 0,
        "charged_cents": booked.charged_cents if booked else None,
    }


def tell(line: Any) -> None:
    if log.isEnabledFor(logging.INFO):
        fields = line()
        log.info("%s", Fields(fields), extra={"fields": fields})


def milliseconds(begin: float, end: float | None) -> int | None:
    return None if end is None else round((end - begin) * 1000)
