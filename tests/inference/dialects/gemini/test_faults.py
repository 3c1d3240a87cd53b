"""What Google's failures mean."""

import json
from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.dialects import gemini
from tests.inference.dialects.gemini.asking import Json

TYPE = "type.googleapis.com/google.rpc."


def fault(status: int, name: str = "", message: str = "Said.", *details: Json, **headers: str) -> ProviderError:
    error = {"code": status, "message": message, **({"status": name} if name else {}), "details": list(details)}
    return gemini.fault(status, headers, json.dumps({"error": error}).encode())


def quota(quota_id: str) -> Json:
    return {"@type": TYPE + "QuotaFailure", "violations": [{"quotaId": quota_id}]}


def delay(time: str) -> Json:
    return {"@type": TYPE + "RetryInfo", "retryDelay": time}


def reason(said: str) -> Json:
    return {"@type": TYPE + "ErrorInfo", "reason": said}


@pytest.mark.parametrize(
    ("status", "name", "ours", "code", "retries"),
    [
        (400, "INVALID_ARGUMENT", 400, "invalid_request", 0),
        (400, "FAILED_PRECONDITION", 503, "provider_unavailable", 0),
        (401, "UNAUTHENTICATED", 503, "provider_auth_failed", 0),
        (402, "RESOURCE_EXHAUSTED", 503, "provider_quota_exhausted", 0),
        (403, "PERMISSION_DENIED", 503, "provider_auth_failed", 0),
        (404, "NOT_FOUND", 404, "model_not_found", 0),
        (409, "ABORTED", 503, "upstream_conflict", 1),
        (429, "RESOURCE_EXHAUSTED", 429, "rate_limit_exceeded", 2),
        (499, "CANCELLED", 502, "upstream_error", 0),
        (500, "INTERNAL", 502, "upstream_error", 1),
        (503, "UNAVAILABLE", 503, "overloaded", 2),
        (504, "DEADLINE_EXCEEDED", 504, "upstream_timeout", 2),
    ],
)
def test_a_status_has_a_meaning_with_and_without_its_name(
    status: int, name: str, ours: int, code: str, retries: int
) -> None:
    found = fault(status, name)
    assert (found.meaning.status, found.code, found.meaning.retries) == (ours, code, retries)
    if name != "FAILED_PRECONDITION":
        assert fault(status).meaning.code == code


def test_a_key_that_google_does_not_know_is_ours() -> None:
    for found in (
        fault(400, "INVALID_ARGUMENT", "Bad.", reason("API_KEY_INVALID")),
        fault(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key."),
    ):
        assert found.code == "provider_auth_failed" and found.meaning.alert and not found.meaning.may_heal


def test_a_rate_limit_says_when_to_come_back() -> None:
    assert fault(429, "RESOURCE_EXHAUSTED", "Slow.", delay("37s")).retry_after == 37
    assert fault(429, "RESOURCE_EXHAUSTED", "Slow.", delay("0.500s")).retry_after == 0.5
    assert fault(429, "RESOURCE_EXHAUSTED", "Slow.", **{"retry-after": "3"}).retry_after == 3
    assert fault(429, "RESOURCE_EXHAUSTED", "Slow.", delay("soon"), **{"retry-after": "later"}).retry_after is None


@pytest.mark.parametrize(
    "found",
    [
        fault(429, "RESOURCE_EXHAUSTED", "Quota.", quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")),
        fault(429, "RESOURCE_EXHAUSTED", "Quota.", quota("PerMinute"), quota("requests_per_day")),
        fault(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."),
        fault(429, "RESOURCE_EXHAUSTED", "Quota exceeded for metric: x, limit: 0, model: gemini"),
    ],
)
def test_a_quota_that_does_not_heal_soon_is_ours_to_mend(found: ProviderError) -> None:
    assert found.code == "provider_quota_exhausted" and not found.meaning.may_heal


def test_a_quota_per_minute_heals() -> None:
    found = fault(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, limit: 05.", quota("PerMinutePerModel"))
    assert found.code == "rate_limit_exceeded"


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        ("The input token count (1250074) exceeds the maximum (1048576).", "context_length_exceeded", "messages"),
        ("* GenerateContentRequest.tools[0].function_declarations[0].parameters: bad", "invalid_request", "tools"),
        ("Invalid value at 'generation_config.response_json_schema'", "invalid_request", "response_format"),
        ("The thinking budget 5 is invalid.", "invalid_request", "reasoning_effort"),
        ("* GenerateContentRequest.contents: contents is not specified", "invalid_request", "messages"),
        ("Function call is missing a thought_signature in functionCall parts.", "invalid_request", "messages"),
        ("it has a maxOutputTokens value of 70000", "invalid_request", "max_completion_tokens"),
        ("Something else.", "invalid_request", None),
    ],
)  # fmt: skip
def test_a_bad_request_names_the_callers_field(message: str, code: str, param: str | None) -> None:
    found = fault(400, "INVALID_ARGUMENT", message)
    assert (found.code, found.param, found.message) == (code, param, message)


def test_violations_name_the_field_too() -> None:
    violation = {"@type": TYPE + "BadRequest", "fieldViolations": [{"field": "generation_config.top_p"}]}
    assert fault(400, "INVALID_ARGUMENT", "Invalid value", violation).param == "top_p"


def test_a_payload_too_large_is_413() -> None:
    message = "Request payload size exceeds the limit: 20971520 bytes."
    assert fault(400, "INVALID_ARGUMENT", message).meaning.status == 413


def test_our_projects_name_stays_with_us() -> None:
    found = fault(400, "INVALID_ARGUMENT", "See projects/secret-123 and AIzaSyA1234567.")
    assert "secret-123" not in found.message and "AIza" not in found.message


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"[7]", b'{"error": "x"}', b'{"error": 7}', b"null", b"\xff", b"[" * 5000]
)
@pytest.mark.parametrize(("status", "ours"), [(400, 400), (403, 503), (404, 404), (429, 429), (500, 502), (503, 503)])
def test_a_body_that_says_nothing_leaves_the_status(body: bytes, status: int, ours: int) -> None:
    assert gemini.fault(status, {}, body).meaning.status == ours


@pytest.mark.parametrize("strange", [7, "x", [], {"a": 1}, None])
def test_details_of_any_shape_are_read(strange: Any) -> None:
    error = {"code": strange, "status": strange, "message": strange, "details": [strange, {"violations": strange}]}
    assert gemini.fault(429, {}, json.dumps([{"error": error}]).encode()).meaning.status == 429
