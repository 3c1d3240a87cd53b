"""Spans of requests, where OTEL_EXPORTER_OTLP_ENDPOINT is set. Elsewhere nothing of OpenTelemetry is imported, and a
request pays for some comparisons with None.

The caller's `traceparent` is the request's parent. A worker that stops sends what it has, within LAST_SECONDS.
"""

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from threading import Thread
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from conway.common.open_telemetry import Recorder

LAST_SECONDS = 2.0

recorder: "Recorder | None" = None
current: ContextVar["Span | None"] = ContextVar("current", default=None)  # of the request, for the tasks it starts


def start() -> None:
    global recorder
    if endpoint := settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        from conway.common.open_telemetry import Recorder

        recorder = Recorder(endpoint)


async def stop() -> None:
    global recorder
    stopped, recorder = recorder, None
    if stopped is not None:
        sending = Thread(target=stopped.stop, daemon=True)  # a silent receiver keeps no process from its end
        sending.start()
        await asyncio.to_thread(sending.join, LAST_SECONDS)


def begin(method: str, route: str, headers: Mapping[str, str]) -> None:
    """A request's span, for whoever answers it to end. Names of headers are lower-case."""
    if recorder is not None:
        current.set(recorder.request(method, route, headers.get("traceparent", "")))


def end(status: int, attributes: Mapping[str, Any]) -> None:
    """The span that began in this request, once."""
    if recorder is not None and (span := current.get()) is not None:
        recorder.answered(span, status, attributes)


def whole(method: str, route: str | None, traceparent: str, seconds: float, status: int, request_id: str) -> None:
    """A request that is over and took so long: pages tell of theirs beside their line in the log."""
    if recorder is not None:
        span = recorder.request(method, route, traceparent, seconds)
        recorder.answered(span, status, {"conway.request.id": request_id})
