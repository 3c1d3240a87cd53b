"""OpenTelemetry's SDK, as tracing.py uses it: imported where spans are sent, and nowhere else.

Spans wait in a queue of the SDK's (2,048, `OTEL_BSP_MAX_QUEUE_SIZE`; the oldest goes when it is full) and are sent by a
thread of its own, as OTLP over HTTP. A receiver that is away costs spans, and no request waits for it.
"""

import time
from collections.abc import Mapping
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, format_span_id, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from conway.common.logs import METHODS

NAME = "conway-inference"
PARENTS = TraceContextTextMapPropagator()


class Recorder:
    def __init__(self, endpoint: str) -> None:
        ours = Resource.create().merge(Resource({SERVICE_NAME: NAME}))
        # Its own hook at the exit would wait for the receiver for as long as it likes.
        self.provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self.tracer = self.provider.get_tracer(NAME)

    def stop(self) -> None:
        self.provider.shutdown()

    def request(self, method: str, route: str | None, traceparent: str, seconds: float = 0) -> Span:
        """`seconds`: how long ago it began."""
        method = method if method in METHODS else "_OTHER"
        attributes = {"http.request.method": method, **({"http.route": route} if route else {})}
        return self.tracer.start_span(
            f"{method} {route}" if route else method,
            PARENTS.extract({"traceparent": traceparent}),
            SpanKind.SERVER,
            attributes,
            start_time=time.time_ns() - round(seconds * 1e9),
        )

    def call(self, name: str, parent: Span | None, attributes: Mapping[str, Any]) -> Span:
        """Begins the span of a call of another service."""
        within = None if parent is None else set_span_in_context(parent)
        return self.tracer.start_span(name, within, SpanKind.CLIENT, known(attributes))

    def answered(self, span: Span, status: int, attributes: Mapping[str, Any]) -> None:
        failed = str(status) if status >= 500 else None
        self.end(span, failed, {"http.response.status_code": status, **attributes})

    def end(self, span: Span, failed: str | None, attributes: Mapping[str, Any]) -> None:
        if not span.is_recording():
            return  # it has ended, or is not sampled
        span.set_attributes(known(attributes))
        if failed is not None:
            span.set_attribute("error.type", failed)
            span.set_status(StatusCode.ERROR)
        span.end()


def known(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def traceparent(span: Span) -> str:
    """The header by which the span's children name it (W3C Trace Context)."""
    context = span.get_span_context()
    return f"00-{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}-{context.trace_flags:02x}"
