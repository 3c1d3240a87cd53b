"""Traces: what a receiver of OTLP over HTTP gets, what a provider is told, and that nothing is imported when off."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from conway import checks
from conway.common import tracing
from inference.api import asgi
from inference.models import Completion
from inference.upstream import client as upstream
from tests.inference.conftest import Sandbox

Run = Callable[[Coroutine[Any, Any, Any]], Any]
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SERVER, CLIENT = 2, 3  # kinds of span
ANSWER = {
    "id": "chatcmpl-theirs",
    "model": "gpt-5-mini-2025-08-07",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
}


class Other(ThreadingHTTPServer):
    """A receiver of traces, and a provider of OpenAI's protocol: what each of them was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.exports: list[ExportTraceServiceRequest] = []
        self.asked: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def spans(self) -> list[Any]:
        return [
            span for export in self.exports for whole in export.resource_spans for scope in whole.scope_spans
            for span in scope.spans
        ]  # fmt: skip

    def of(self, kind: int) -> list[Any]:
        return [span for span in self.spans if span.kind == kind]


class Handler(BaseHTTPRequestHandler):
    server: Other

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            self.server.exports.append(ExportTraceServiceRequest.FromString(body))
            return self.answer(b"")
        self.server.asked.append({name.lower(): value for name, value in self.headers.items()})
        self.answer(json.dumps(ANSWER).encode())

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def other() -> Iterator[Other]:
    with Other() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def traced(other: Other, settings: Any, run: Run) -> Iterator[Callable[[], None]]:
    """Called, sends what there is."""
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = other.url + "/"
    tracing.start()
    yield lambda: run(tracing.stop())
    run(tracing.stop())


@pytest.fixture
def post(key: str, sandbox: Sandbox, run: Run) -> Callable[..., httpx2.Response]:
    def post(text: str = "hello", headers: dict[str, str] | None = None, **fields: Any) -> httpx2.Response:
        body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": text}], **fields}

        async def once() -> httpx2.Response:
            transport = httpx2.ASGITransport(app=asgi.completions)
            sent = {"authorization": f"Bearer {key}", **(headers or {})}
            async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
                said = await client.post("/v1/chat/completions", json=body, headers=sent)
            await upstream.close()
            return said

        return run(once())

    return post


def told(span: Any) -> dict[str, Any]:
    """Its attributes."""
    values = {each.key: each.value for each in span.attributes}
    return {name: getattr(value, value.WhichOneof("value")) for name, value in values.items()}


@pytest.mark.parametrize("stream", [True, False])
def test_a_completion_is_two_spans_with_what_was_asked_and_used(
    post: Any, other: Other, traced: Any, stream: bool
) -> None:
    said = post("say 30 words", stream=stream)
    traced()
    (request,), (call,) = other.of(SERVER), other.of(CLIENT)
    row = Completion.objects.get()
    assert (request.name, call.name) == ("POST /v1/chat/completions", "chat gpt-5-mini")
    assert (call.trace_id, call.parent_span_id) == (request.trace_id, request.span_id)
    assert request.start_time_unix_nano <= call.start_time_unix_nano < call.end_time_unix_nano
    assert call.end_time_unix_nano <= request.end_time_unix_nano
    whole, asked = told(request), told(call)
    assert (whole["http.response.status_code"], whole["conway.completion.id"]) == (200, row.id)
    assert whole["conway.request.id"] == asked["conway.request.id"] == said.headers["x-request-id"]
    assert (asked["gen_ai.operation.name"], asked["gen_ai.provider.name"]) == ("chat", "openai")
    assert (asked["gen_ai.request.model"], asked["gen_ai.request.stream"]) == ("gpt-5-mini", stream)
    assert (asked["gen_ai.response.model"], asked["gen_ai.response.id"]) == (row.served_model, row.upstream_id)
    assert (asked["gen_ai.usage.input_tokens"], asked["gen_ai.usage.output_tokens"]) == (
        row.prompt_tokens,
        row.output_tokens,
    )


def test_the_callers_trace_goes_on_at_the_provider(post: Any, other: Other, traced: Any, settings: Any) -> None:
    settings.PROVIDERS = {**settings.PROVIDERS, "openai": {"base_url": other.url, "api_key": "k", "sandbox": False}}
    assert post(headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}).status_code == 200
    traced()
    (request,), (call,) = other.of(SERVER), other.of(CLIENT)
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert other.asked[0]["traceparent"] == f"00-{TRACE}-{call.span_id.hex()}-01"


@pytest.mark.parametrize("wrong", ["", "nonsense", f"00-{'0' * 32}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01" * 99])
def test_a_parent_that_is_none_begins_a_trace(post: Any, other: Other, traced: Any, wrong: str) -> None:
    assert post(headers={"traceparent": wrong}).status_code == 200
    traced()
    (request,) = other.of(SERVER)
    assert request.trace_id.hex() != TRACE and not request.parent_span_id


def test_who_is_not_sampled_leaves_no_span(post: Any, other: Other, traced: Any) -> None:
    assert post(headers={"traceparent": f"00-{TRACE}-{PARENT}-00"}).status_code == 200
    traced()
    assert other.spans == []


def test_a_refusal_is_one_span_and_a_failure_of_the_provider_an_error(post: Any, other: Other, traced: Any) -> None:
    statuses = [post(model="no-such-model").status_code, post("hello [[status=500]]").status_code]
    traced()
    assert [told(span)["http.response.status_code"] for span in other.of(SERVER)] == statuses == [404, 502]
    assert told(other.of(SERVER)[0])["error.type"] == "model_not_found"
    assert {told(span)["error.type"] for span in other.of(CLIENT)} == {"upstream_error"}


def test_no_span_has_a_prompt_a_reply_or_a_key(post: Any, other: Other, traced: Any, key: str) -> None:
    reply = post("the secret of Alice's prompt").json()["choices"][0]["message"]["content"]
    traced()
    sent = b"".join(export.SerializeToString() for export in other.exports)
    assert b"gpt-5-mini" in sent
    assert not [secret for secret in ("the secret of Alice", key, reply) if secret.encode() in sent]


def test_a_page_is_a_span_by_its_route(db: None, client: Client, other: Other, traced: Any) -> None:
    client.get("/no/such/page/with-a-secret")
    client.get("/v1/credits/pricing?a=secret", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    traced()
    missing, found = other.of(SERVER)
    assert (missing.name, found.name) == ("GET", "GET v1/credits/pricing")
    assert found.trace_id.hex() == TRACE and told(found)["http.response.status_code"] == 200
    assert b"secret" not in b"".join(export.SerializeToString() for export in other.exports)


def test_a_receiver_that_is_away_keeps_nobody_waiting(post: Any, other: Other, traced: Any) -> None:
    other.shutdown()
    other.server_close()
    assert post().status_code == 200
    traced()
    assert tracing.recorder is None


COUNT = """
import sys
from conway import asgi
from conway.common import tracing
from django.conf import settings

def count():
    return sum(name.split(".")[0] in ("opentelemetry", "requests", "google") for name in sys.modules)

tracing.start()
off = count()
settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:9"
tracing.start()
print(off, count())
"""


def test_nothing_of_it_is_imported_while_it_is_off() -> None:
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": ""}
    said = subprocess.run([sys.executable, "-c", COUNT], env=environment, capture_output=True, text=True, check=True)
    off, on = map(int, said.stdout.split())
    assert off == 0 < on


def test_off_a_provider_is_told_of_no_trace(post: Any, other: Other, settings: Any) -> None:
    settings.PROVIDERS = {**settings.PROVIDERS, "openai": {"base_url": other.url, "api_key": "k", "sandbox": False}}
    assert post(headers={"traceparent": f"00-{TRACE}-{PARENT}-01"}).status_code == 200
    assert "traceparent" not in other.asked[0] and other.spans == []


def test_a_check_says_what_is_missing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "collector:4318"
    monkeypatch.setattr(checks, "TRACING", ("no_such_package.sdk",))
    assert [fault.id for fault in checks.traces_can_be_sent()] == ["conway.E014", "conway.E015"]
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = ""
    assert list(checks.traces_can_be_sent()) == []
