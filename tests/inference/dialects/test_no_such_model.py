"""A provider's "no such model", in each one's wording and status: 404 for the caller, an alert for staff."""

import json
import time
from typing import Any

import pytest

from inference.chat.provider_error import ProviderError
from inference.dialects import DIALECTS

OPENAI_GONE = (
    "The model `gpt-5-nano` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations"
)
NOT_THERE = "The model `qwen3-coder-plus` does not exist or you do not have access to it."
GEMINI_GONE = "This model models/gemini-2.5-pro is no longer available. Please update your code to use a newer model."
GEMINI_UNKNOWN = "models/gemini-9 is not found for API version v1beta, or is not supported for generateContent."


def answered(dialect: str, status: int, message: str, fields: dict[str, Any]) -> ProviderError:
    error = {**({"code": status} if dialect == "gemini" else {}), "message": message, **fields}
    return DIALECTS[dialect].fault(status, {}, json.dumps({"type": "error", "error": error}).encode())


@pytest.mark.parametrize(
    ("dialect", "status", "message", "fields"),
    [
        ("openai_chat", 404, OPENAI_GONE, {"type": "invalid_request_error", "code": "model_not_found"}),
        ("openai_chat", 404, OPENAI_GONE, {"type": "invalid_request_error", "code": None}),
        ("openai_chat", 400, "That model does not exist", {"type": "invalid_request_error"}),
        ("openai_chat", 410, "Gone.", {}),
        (
            "openai_chat",
            404,
            "Not found the model kimi-k2.5 or Permission denied",
            {"type": "resource_not_found_error"},
        ),
        ("openai_chat", 400, "Not found the model kimi-k2.5 or Permission denied", {"type": "invalid_request_error"}),
        ("openai_chat", 404, NOT_THERE, {"code": "model_not_found", "type": "invalid_request_error"}),
        ("openai_chat", 400, "Model not exist.", {"code": "InvalidParameter"}),
        ("openai_chat", 403, NOT_THERE, {"code": "Model.AccessDenied"}),
        ("openai_responses", 404, NOT_THERE, {"code": "model_not_found", "param": "model"}),
        ("openai_responses", 400, "The requested model 'gpt-5.2-codex' does not exist.", {"code": "model_not_found"}),
        ("anthropic", 404, "model: claude-sonnet-4-5-20250929", {"type": "not_found_error"}),
        ("anthropic", 400, "model: claude-2.1 is no longer available", {"type": "invalid_request_error"}),
        ("gemini", 404, GEMINI_UNKNOWN, {"status": "NOT_FOUND"}),
        ("gemini", 404, GEMINI_GONE, {}),
        ("gemini", 400, GEMINI_GONE, {"status": "INVALID_ARGUMENT"}),
        ("gemini", 400, GEMINI_GONE, {"status": "FAILED_PRECONDITION"}),
    ],
)
def test_a_model_that_is_no_more_is_404(dialect: str, status: int, message: str, fields: dict[str, Any]) -> None:
    found = answered(dialect, status, message, fields)
    assert (found.meaning.status, found.code, found.meaning.alert) == (404, "model_not_found", True)


@pytest.mark.parametrize("dialect", list(DIALECTS))
@pytest.mark.parametrize(
    "message",
    [
        "This model does not support image inputs.",
        "The model produced invalid content.",
        "Function 'look' of the model's tools was not found among the tools.",
        "Parameter 'logprobs' is not supported with this model.",
        "tool_choice is no longer supported together with thinking for this model",
    ],
)
def test_what_is_about_the_request_stays_the_callers(dialect: str, message: str) -> None:
    assert answered(dialect, 400, message, {"type": "invalid_request_error"}).meaning.status == 400


@pytest.mark.parametrize("dialect", list(DIALECTS))
@pytest.mark.parametrize("words", ["the model gpt-5.2 does not exist", "a' model x is not found", "balance overdue"])
def test_what_a_provider_quotes_of_a_request_says_nothing_of_model_or_key(dialect: str, words: str) -> None:
    said = f"Invalid schema for function 'look': in context=('properties', '{words}'), 'type' is missing."
    assert answered(dialect, 400, said, {"type": "invalid_request_error"}).meaning.status == 400


@pytest.mark.parametrize("dialect", list(DIALECTS))
@pytest.mark.parametrize("piece", ["models/", "model:", "model /:", "model a ", "'model", "try again in 1", "content "])
def test_no_text_of_an_error_takes_long_to_understand(dialect: str, piece: str) -> None:
    message = (piece * 20_000)[:100_000]
    began = time.process_time()
    answered(dialect, 400, message, {"type": "invalid_request_error"})
    answered(dialect, 429, message, {})
    assert time.process_time() - began < 0.5  # where each letter was a new beginning: 1.5 s for 28,000 letters
