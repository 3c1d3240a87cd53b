import json

import pytest

from inference.chat.provider_error import ProviderError
from inference.dialects import openai_responses

from .asking import on, told


def answered(status: int, headers: dict[str, str] | None = None, **error: object) -> ProviderError:
    return openai_responses.fault(status, headers or {}, json.dumps({"error": {"message": "m", **error}}).encode())


@pytest.mark.parametrize(
    ("status", "error", "ours", "code"),
    [
        (
            400,
            {"type": "invalid_request_error", "code": "invalid_function_parameters"},
            400,
            "invalid_function_parameters",
        ),
        (400, {"type": "invalid_request_error", "code": None}, 400, "invalid_request"),
        (400, {"code": "context_length_exceeded"}, 400, "context_length_exceeded"),
        (400, {"code": "model_not_found"}, 400, "model_not_found"),
        (401, {"code": "invalid_api_key"}, 503, "provider_auth_failed"),
        (403, {"code": "unsupported_country_region_territory"}, 503, "provider_unavailable"),
        (403, {}, 503, "provider_auth_failed"),
        (404, {"code": "model_not_found"}, 404, "model_not_found"),
        (404, {"type": "invalid_request_error", "param": "input"}, 404, "invalid_request"),
        (429, {"code": "rate_limit_exceeded", "type": "tokens"}, 429, "rate_limit_exceeded"),
        (429, {"code": "insufficient_quota", "type": "insufficient_quota"}, 503, "provider_quota_exhausted"),
        (400, {"type": "insufficient_quota"}, 503, "provider_quota_exhausted"),
        (500, {"type": "server_error"}, 502, "upstream_error"),
        (500, {"type": "invalid_request_error"}, 502, "upstream_error"),
        (503, {"code": "server_is_overloaded"}, 503, "overloaded"),
        (504, {}, 504, "upstream_timeout"),
    ],
)
def test_each_failure_has_its_meaning(status: int, error: dict[str, object], ours: int, code: str) -> None:
    failed = answered(status, **error)
    assert (failed.meaning.status, failed.code, failed.upstream_status) == (ours, code, status)


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad gateway</html>", b"[]", b"null", b'{"error": "words"}', b'{"error": [1]}', b"\xff"]
)
def test_a_body_that_says_nothing_leaves_the_status(body: bytes) -> None:
    assert openai_responses.fault(502, {}, body).meaning.code == "upstream_error"


@pytest.mark.parametrize("status", [401, 403, 429])
def test_our_keys_and_credit_are_staffs_business(status: int) -> None:
    code = "insufficient_quota" if status == 429 else "invalid_api_key"
    failed = answered(status, code=code, message="Incorrect API key provided: sk-abc123456")
    assert failed.meaning.alert and not failed.meaning.may_heal and "sk-abc" not in failed.message


def test_the_callers_names_come_back() -> None:
    params = {
        "input[3].content": "messages",
        "text.format.schema": "response_format",
        "reasoning.effort": "reasoning_effort",
        "tools[0].parameters": "tools[0].parameters",
        "text.verbosity": "verbosity",
        "max_output_tokens": "max_completion_tokens",
        "texture": "texture",
    }
    assert {theirs: answered(400, param=theirs).param for theirs in params} == params


def test_the_waiting_time_is_read_from_headers_or_words() -> None:
    assert answered(429, {"retry-after": "7"}).retry_after == 7
    assert answered(429, {"retry-after-ms": "250", "retry-after": "1"}).retry_after == 0.25
    assert (
        answered(429, {"retry-after": "Wed, 21 Oct 2026"}, message="Please try again in 11.5s. Visit").retry_after
        == 11.5
    )
    assert answered(429, message="Please try again in 20ms.").retry_after == 0.02
    assert answered(429).retry_after is None


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ({"code": "server_error", "message": "sorry"}, 502, "upstream_error"),
        ({"code": "server_is_overloaded"}, 503, "overloaded"),
        ({"code": "insufficient_quota"}, 503, "provider_quota_exhausted"),
        ({"code": "context_length_exceeded"}, 400, "context_length_exceeded"),
        ({"code": "invalid_prompt"}, 400, "invalid_prompt"),
        ({"code": "image_parse_error"}, 400, "image_parse_error"),
        ({"code": "image_content_policy_violation"}, 400, "content_filter"),
        ({"code": "cyber_policy"}, 400, "content_filter"),
        ({"type": "invalid_request_error", "message": "no"}, 400, "invalid_request"),
        ({"code": "something_new"}, 502, "upstream_error"),
        ({"message": 5, "code": 7, "type": []}, 502, "upstream_error"),
    ],
)
def test_a_failure_within_a_stream_needs_no_status(error: dict[str, object], status: int, code: str) -> None:
    with pytest.raises(ProviderError) as failed:
        told(
            on(0, "output_text.delta", content_index=0, delta="He"),
            {"type": "response.failed", "response": {"error": error}},
        )
    assert (failed.value.meaning.status, failed.value.code) == (status, code)
