"""What failures mean."""

import json
from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.dialects import openai_chat

LONG_OPENAI = "This model's maximum context length is 8192 tokens."
LONG_KIMI = "Invalid request: Your request exceeded model token limit: 262144"
LONG_QWEN = "Range of input length should be [1, 997952]"
RISKY = "The request was rejected because it was considered high risk"


def failed(status: int, error: Any, **headers: str) -> ProviderError:
    body = error if isinstance(error, str) else json.dumps(error)
    return openai_chat.fault(status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode())


def error(
    type: str | None = None, code: str | None = None, message: str = "No.", param: str | None = None
) -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "param": param, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "answered", "code"),
    [
        # OpenAI
        (400, error("invalid_request_error", "unsupported_parameter"), 400, "unsupported_parameter"),
        (400, error("invalid_request_error", None), 400, "invalid_request"),
        (400, error("invalid_request_error", "context_length_exceeded"), 400, "context_length_exceeded"),
        (400, error("invalid_request_error", None, LONG_OPENAI), 400, "context_length_exceeded"),
        (401, error("invalid_request_error", "invalid_api_key"), 503, "provider_auth_failed"),
        (403, error("invalid_request_error", None), 503, "provider_auth_failed"),
        (404, error("invalid_request_error", "model_not_found"), 404, "model_not_found"),
        (429, error("requests", "rate_limit_exceeded"), 429, "rate_limit_exceeded"),
        (429, error("insufficient_quota", "insufficient_quota"), 503, "provider_quota_exhausted"),
        (429, error(None, None), 429, "rate_limit_exceeded"),
        (500, error("server_error"), 502, "upstream_error"),
        (502, error("server_error"), 502, "upstream_error"),
        (503, error("server_error"), 503, "overloaded"),
        (504, error("server_error"), 504, "upstream_timeout"),
        (413, error("invalid_request_error", "request_too_large"), 413, "request_too_large"),
        # Moonshot
        (400, error("content_filter", None, RISKY), 400, "content_filter"),
        (400, error("invalid_request_error"), 400, "invalid_request"),
        (400, error("invalid_request_error", None, LONG_KIMI), 400, "context_length_exceeded"),
        (401, error("invalid_authentication_error"), 503, "provider_auth_failed"),
        (401, error("incorrect_api_key_error"), 503, "provider_auth_failed"),
        (403, error("exceeded_current_quota_error"), 503, "provider_quota_exhausted"),
        (429, error("exceeded_current_quota_error"), 503, "provider_quota_exhausted"),
        (404, error("resource_not_found_error"), 404, "model_not_found"),
        (429, error("engine_overloaded_error"), 503, "overloaded"),
        (429, error("rate_limit_reached_error"), 429, "rate_limit_exceeded"),
        # Qwen
        (400, error("invalid_request_error", "invalid_parameter_error"), 400, "invalid_parameter_error"),
        (400, error("data_inspection_failed", "data_inspection_failed"), 400, "content_filter"),
        (400, error("Arrearage", "Arrearage"), 503, "provider_quota_exhausted"),
        (400, {"code": "Arrearage", "message": "Access denied", "request_id": "1"}, 503, "provider_quota_exhausted"),
        (400, error("invalid_request_error", "invalid_parameter_error", LONG_QWEN), 400, "context_length_exceeded"),
        (401, error("invalid_request_error", "invalid_api_key"), 503, "provider_auth_failed"),
        (403, error("access_denied", "access_denied"), 503, "provider_auth_failed"),
        (429, error("limit_requests", "limit_requests"), 429, "rate_limit_exceeded"),
        (429, {"code": "Throttling.AllocationQuota", "message": "Allocated"}, 429, "rate_limit_exceeded"),
        (429, error("insufficient_quota", "insufficient_quota"), 503, "provider_quota_exhausted"),
        # An edge's own words
        (502, "<html><h1>502 Bad Gateway</h1></html>", 502, "upstream_error"),
        (503, "", 503, "overloaded"),
        (418, "teapot", 400, "invalid_request"),
        (520, "", 502, "upstream_error"),
        (400, [{"error": {"message": "No.", "code": "bad"}}], 400, "bad"),
        (400, {"detail": "No."}, 400, "invalid_request"),
        (400, {"error": "No."}, 400, "invalid_request"),
        (429, {"error": {"code": 429, "message": "Rate limit exceeded."}}, 429, "rate_limit_exceeded"),
    ],
)  # fmt: skip
def test_a_failure_has_the_documented_answer(status: int, body: Any, answered: int, code: str) -> None:
    fault = failed(status, body)
    assert (fault.meaning.status, fault.code, fault.upstream_status) == (answered, code, status)


def test_a_bad_request_is_told_in_the_providers_words() -> None:
    fault = failed(400, error("invalid_request_error", "unsupported_value", "Unsupported value: 'seed'.", "seed"))
    assert (fault.message, fault.param, fault.code) == ("Unsupported value: 'seed'.", "seed", "unsupported_value")


def test_a_failure_of_ours_is_not_told_in_the_providers_words() -> None:
    fault = failed(401, error("invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-abc***xyz"))
    assert "sk-abc" not in fault.message
    assert "sk-abc" in fault.said


def test_an_edges_page_is_not_told() -> None:
    assert "<html>" not in failed(400, "<html>nginx</html>").message
    assert failed(400, "<html>nginx</html>").raw == "<html>nginx</html>"


def test_qwen_frames_an_error_as_an_event() -> None:
    framed = (
        f"data: {json.dumps(error('invalid_request_error', 'invalid_parameter_error', 'Range of top_logprobs'))}\n\n"
    )
    assert failed(400, framed).message == "Range of top_logprobs"


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry_after": "2"}, "", 2),
        ({"retry_after_ms": "150", "retry_after": "1"}, "", 0.15),
        ({}, "Please try again in 26.604s. Visit", 26.604),
        ({}, "Please try again in 120ms.", 0.12),
        ({}, "please try again in 1m2.5s", 62.5),
        ({}, "please try again after 1 seconds", 1),
        ({"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}, "", None),
        ({"retry_after": "nan"}, "", None),
        ({"retry_after": "-5"}, "", None),
    ],
)
def test_the_wait_is_read_where_it_is_told(headers: dict[str, str], message: str, seconds: float | None) -> None:
    assert failed(429, error("requests", "rate_limit_exceeded", message), **headers).retry_after == (
        seconds and pytest.approx(seconds)
    )


def test_a_bad_request_is_not_worth_waiting_for() -> None:
    assert failed(400, error("invalid_request_error"), retry_after="2").retry_after is None
