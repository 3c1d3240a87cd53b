"""Why a reply ended."""

import pytest
from google.genai import types

from inference.chat.provider_error import ProviderError
from inference.dialects.gemini.finish import FINISHED
from tests.inference.dialects.gemini.asking import Json, answer, function_call, reply, text

CALL = function_call("f", {})


def finish(reason: object, *parts: Json) -> str:
    return reply({"candidates": [{"content": {"parts": list(parts)}, "finishReason": reason}]}).choices[0].finish_reason


@pytest.mark.parametrize(
    ("reason", "parts", "shown"),
    [
        ("STOP", [text("Hi")], "stop"),
        ("STOP", [text("Hi"), CALL], "tool_calls"),
        ("STOP", [], "stop"),
        ("MAX_TOKENS", [CALL], "length"),
        ("CONTINUATION", [text("Hi")], "length"),
        ("SAFETY", [CALL], "content_filter"),
        ("MODEL_ARMOR", [], "content_filter"),
        ("OTHER", [], "content_filter"),
        ("OTHER", [text("Hi")], "stop"),
        ("NO_IMAGE", [CALL], "tool_calls"),
        ("SOMETHING_NEW", [text("Hi")], "stop"),
        ("SOMETHING_NEW", [], "content_filter"),
        (1, [text("Hi")], "stop"),
        (2, [], "length"),
        (4, [], "content_filter"),
        (99, [text("Hi")], "stop"),
    ],
)
def test_a_reason_is_openais(reason: object, parts: list[Json], shown: str) -> None:
    assert finish(reason, *parts) == shown


@pytest.mark.parametrize("reason", [0, True, {}, None, "FINISH_REASON_UNSPECIFIED"])
def test_no_reason_is_no_end(reason: object) -> None:
    with pytest.raises(ProviderError):
        finish(reason, text("Hi"))


def test_every_reason_google_names_is_known() -> None:
    assert {reason.name for reason in types.FinishReason} <= FINISHED.keys()


def test_the_last_reason_counts() -> None:
    assert (
        reply([answer(text("Hi"), finish="STOP"), answer(finish="SAFETY")]).choices[0].finish_reason == "content_filter"
    )
