"""Anthropic's failures, row by row of docs/providers/anthropic.md."""

import json

import pytest

from inference.chat.provider_error import ProviderError
from inference.dialects import anthropic


def fault(status: int, kind: str | None, message: str = "x", **headers: str) -> ProviderError:
    told = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    return anthropic.fault(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(told).encode()
    )


@pytest.mark.parametrize(
    ("status", "kind", "answer", "code", "retries"),
    [
        (400, "invalid_request_error", 400, "invalid_request", 0),
        (401, "authentication_error", 503, "provider_auth_failed", 0),
        (402, "billing_error", 503, "provider_quota_exhausted", 0),
        (403, "permission_error", 503, "provider_auth_failed", 0),
        (404, "not_found_error", 404, "model_not_found", 0),
        (409, "conflict_error", 503, "upstream_conflict", 1),
        (413, "request_too_large", 413, "request_too_large", 0),
        (500, "api_error", 502, "upstream_error", 2),
        (504, "timeout_error", 504, "upstream_timeout", 1),
        (529, "overloaded_error", 503, "overloaded", 2),
        (401, "invalid_request_error", 503, "provider_auth_failed", 0),  # in OpenAI's manner
        (404, "invalid_request_error", 404, "model_not_found", 0),
        (429, "invalid_request_error", 429, "rate_limit_exceeded", 2),
        (418, "invalid_request_error", 400, "invalid_request", 0),
    ],
)
def test_each_failure_has_its_answer(status: int, kind: str, answer: int, code: str, retries: int) -> None:
    found = fault(status, kind)
    assert (found.meaning.status, found.code, found.meaning.retries) == (answer, code, retries)
    assert found.upstream_status == status


def test_a_rate_limit_names_its_wait() -> None:
    found = fault(429, "rate_limit_error", retry_after="7")
    assert (found.code, found.retry_after) == ("rate_limit_exceeded", 7)


@pytest.mark.parametrize("wait", ["soon", "nan", "-1", "inf", ""])
def test_a_wait_that_is_none_is_left_out(wait: str) -> None:
    assert fault(429, "rate_limit_error", retry_after=wait).retry_after is None


def test_a_rate_limit_is_one_without_a_wait_too_unless_its_words_tell_of_a_spend_cap() -> None:
    """A proxy may have dropped the header."""
    assert fault(429, "rate_limit_error").code == "rate_limit_exceeded"
    assert fault(429, "rate_limit_error", "You have reached your spend limit.").code == "provider_quota_exhausted"


@pytest.mark.parametrize(
    "words",
    [
        "Your credit balance is too low to access the Anthropic API.",
        "You have reached your specified API usage limits. You will regain access on 2026-12-01.",
        "This workspace has reached its spend limit.",
    ],
)
def test_a_bad_request_about_our_money_is_ours(words: str) -> None:
    assert fault(400, "invalid_request_error", words).code == "provider_quota_exhausted"


@pytest.mark.parametrize(
    "words",
    [
        "prompt is too long: 3333404 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 1 + 2 > 2",
    ],
)
def test_a_prompt_too_long_has_its_code(words: str) -> None:
    found = fault(400, "invalid_request_error", words)
    assert (found.code, found.param, found.message) == ("context_length_exceeded", "messages", words)


@pytest.mark.parametrize(
    ("words", "param"),
    [
        ("messages.3.content.0: text content blocks must be non-empty", "messages"),
        ("system: text content blocks must be non-empty", "messages"),
        ("tools.0.custom.input_schema.type: Field required", "tools"),
        ("temperature: range: 0..1", "temperature"),
        ("stop_sequences: each must contain non-whitespace", "stop"),
        ("output_config.format.schema: too complex", "response_format"),
        ("Too many strict tools (21).", None),
    ],
)
def test_the_field_at_fault_has_openais_name(words: str, param: str | None) -> None:
    found = fault(400, "invalid_request_error", words)
    assert (found.param, found.message) == (param, words)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'{"error": "text"}', b'{"error": {"type": 5}}', b"\xff", b"[" * 10**5]
)
@pytest.mark.parametrize(("status", "answer"), [(400, 400), (413, 413), (500, 502), (503, 503), (529, 503), (418, 400)])
def test_an_edge_that_speaks_html_is_understood_by_its_status(body: bytes, status: int, answer: int) -> None:
    assert anthropic.fault(status, {}, body).meaning.status == answer
