"""Every failure in the one documented shape (docs/site/errors.md)."""

import json
from typing import Any

import pytest

from conway.common.database import DatabaseUnavailable
from conway.common.errors import ApiError
from credits.ledger import AdmissionDenied
from inference.chat import provider_error as meanings
from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_error import ProviderError
from inference.completion import errors

CASES: list[tuple[Exception, int, str, dict[str, str]]] = [
    (ApiError(404, "not_found"), 404, "not_found", {}),
    (InvalidRequest("No.", param="n"), 400, "", {}),
    (AdmissionDenied("insufficient_credits", needed_cents=3), 402, "insufficient_credits", {}),
    (AdmissionDenied("key_limit_reached", needed_cents=3, key_left_cents=1), 402, "key_limit_reached", {}),
    (AdmissionDenied("cost_cap", needed_cents=3), 402, "cost_cap_too_low", {}),
    (AdmissionDenied("rate_limited"), 429, "rate_limit_exceeded", {"retry-after": "60"}),
    (AdmissionDenied("key_revoked"), 401, "invalid_api_key", {}),
    (AdmissionDenied("duplicate"), 409, "idempotency_key_used", {"x-should-retry": "false"}),
    (AdmissionDenied("unknown"), 503, "admission_unavailable", {"retry-after": "1"}),
    (ProviderError(meanings.KEY_REFUSED), 503, "provider_auth_failed", {"x-should-retry": "false"}),
    (ProviderError(meanings.QUOTA_EXHAUSTED), 503, "provider_quota_exhausted", {"x-should-retry": "false"}),
    (ProviderError(meanings.OVERLOADED), 503, "overloaded", {"retry-after": "5"}),
    (ProviderError(meanings.RATE_LIMITED, retry_after=0.2), 429, "rate_limit_exceeded", {"retry-after": "1"}),
    (ProviderError(meanings.BUSY), 503, "provider_busy", {"retry-after": "2"}),
    (DatabaseUnavailable("secret host"), 503, "database_unavailable", {}),
    (ZeroDivisionError("secret"), 500, "", {"x-should-retry": "false"}),
]


@pytest.mark.parametrize(
    ("error", "status", "code", "headers"), CASES, ids=lambda value: getattr(value, "reason", None)
)
def test_every_failure_has_the_documented_shape(
    error: Exception, status: int, code: str, headers: dict[str, str]
) -> None:
    answer = errors.answer_to(error)
    body: dict[str, Any] = answer.body()
    assert answer.status == status
    assert {"message", "type", "param", "code"} <= set(body["error"])
    assert not code or body["error"]["code"] == code
    assert headers.items() <= answer.headers.items()
    assert "secret" not in json.dumps(body)


def test_a_database_that_is_away_heals() -> None:
    assert errors.answer_to(DatabaseUnavailable("")).headers["retry-after"]


def test_the_402_says_what_there_is_and_what_it_takes() -> None:
    refused = AdmissionDenied("insufficient_credits", available_cents=7, held_cents=20, needed_cents=33)
    body = errors.answer_to(refused).body()
    assert body["detail"].startswith("Minimum balance of 10 cents required. Current balance: 27 cents.")
    assert {"available_cents": 7, "held_cents": 20, "needed_cents": 33}.items() <= body["error"].items()


@pytest.mark.parametrize(
    "said", ["Incorrect API key provided: sk-proj-abc123XYZ", "organization org-Q8aBcD12 has no credit"]
)
def test_a_providers_words_never_show_our_account(said: str) -> None:
    message = errors.answer_to(ProviderError(meanings.BAD_REQUEST, said)).body()["error"]["message"]
    assert "abc123" not in message and "Q8aBcD12" not in message
