"""Every way a provider can fail, in each dialect, streamed and not, before and after output."""

from collections.abc import Callable
from typing import Any

import pytest

from inference.models import Completion
from tests.faults.caller import Heard
from tests.faults.scenario import Scene

MODELS = ("gpt-5-mini", "gpt-5.2-codex", "claude-sonnet-4.5", "gemini-2.5-flash", "kimi-k2.5", "qwen3-coder")
STREAMED, WHOLE = {"stream": True}, {"stream": False}

# order -> what a caller may get for it before anything was served: statuses of the answer
REFUSED = {
    "status=400": {400}, "status=401": {503}, "status=403": {503}, "status=404": {404}, "status=429": {429, 503},
    "status=429 retry-after=1": {429, 503}, "status=500": {502}, "status=502": {502}, "status=503": {502, 503},
    "status=504": {504}, "quota": {503}, "html": {502}, "first-byte=6": {504},
}  # fmt: skip
BROKEN = ("cut=0", "error=0", "garbage=0", "hang=0")
BROKEN_LATER = ("cut=12", "error=12", "garbage=12", "hang=12")


def ask_everyone(scene: Scene, order: str, *forms: dict[str, Any]) -> list[tuple[Heard, Completion]]:
    """One request per model and form, each by a customer of its own; the answers with their completions."""
    asked = [
        (scene.customer(), model, f"say 30 words to {form} [[{order}]]", form) for form in forms for model in MODELS
    ]
    heard = scene.ask_all(asked)
    scene.rest()
    return [(each, customer.completions[0]) for each, (customer, *_) in zip(heard, asked, strict=True)]


@pytest.mark.parametrize("order", REFUSED)
def test_a_provider_that_refuses_costs_nothing(scene: Scene, note: Callable[..., Any], order: str) -> None:
    forms = [STREAMED] if order.startswith("first-byte") else [STREAMED, WHOLE]
    for heard, completion in ask_everyone(scene, order, *forms):
        assert heard.status in REFUSED[order], (completion.model_id, heard)
        assert heard.error and heard.error["code"]
        assert (completion.settlement, completion.charged_cents) == ("none", 0)
    note(scene, order)


@pytest.mark.parametrize("order", BROKEN)
def test_a_provider_that_breaks_off_before_output_costs_nothing(
    scene: Scene, note: Callable[..., Any], order: str
) -> None:
    for heard, completion in ask_everyone(scene, order, STREAMED):
        assert heard.status in (500, 502, 503, 504), (completion.model_id, heard)
        assert (completion.settlement, completion.charged_cents) == ("none", 0), completion.model_id
    note(scene, order)


@pytest.mark.parametrize("order", BROKEN_LATER)
def test_a_stream_that_breaks_off_is_charged_for_what_was_delivered(
    scene: Scene, note: Callable[..., Any], order: str
) -> None:
    for heard, completion in ask_everyone(scene, order, STREAMED):
        assert heard.status == 200 and heard.words and heard.error, (completion.model_id, heard)
        assert b'"finish_reason":"' not in heard.body
        assert (completion.settlement, completion.charged_cents) == ("estimated", 1), completion.model_id
    note(scene, order)


@pytest.mark.parametrize("order", ("cut=5", "error=5", "garbage=5", "hang=5"))
def test_a_json_call_that_breaks_off_is_an_error_and_costs_nothing(
    scene: Scene, note: Callable[..., Any], order: str
) -> None:
    for heard, completion in ask_everyone(scene, order, WHOLE):
        assert heard.status in (502, 503, 504), (completion.model_id, heard)
        assert (completion.settlement, completion.charged_cents) == ("none", 0), completion.model_id
    note(scene, order)


def test_a_reply_without_usage_is_not_free(scene: Scene, note: Callable[..., Any]) -> None:
    for heard, completion in ask_everyone(scene, "no-usage", STREAMED, WHOLE):
        assert heard.saw_the_end
        assert (completion.settlement, "no_usage" in completion.alerts) == ("estimated", True), completion.model_id
        assert completion.charged_cents > 0
    note(scene, "no usage reported")


@pytest.mark.parametrize("order", ("refuse", "refuse=5"))
def test_a_refusal_is_charged_as_the_provider_does(scene: Scene, note: Callable[..., Any], order: str) -> None:
    for heard, completion in ask_everyone(scene, order, STREAMED, WHOLE):
        assert completion.settlement in ("exact", "none"), (completion.model_id, completion.ending)
        assert heard.status in (200, 400)
    note(scene, order)


@pytest.mark.parametrize("order", ("status=500", "status=503", "status=429 retry-after=1", "html"))
def test_a_fault_that_passes_is_retried_and_charged_once(scene: Scene, note: Callable[..., Any], order: str) -> None:
    """Only the attempt that was delivered is charged."""
    for number, (heard, completion) in enumerate(ask_everyone(scene, order + " once", STREAMED, WHOLE)):
        assert heard.saw_the_end, (completion.model_id, heard, number)
        assert completion.settlement == "exact"
    assert len(scene.upstream.meter()) == 4 * len(MODELS)
    note(scene, order + ", once")


def test_a_hanging_provider_takes_no_other_down(scene: Scene, note: Callable[..., Any]) -> None:
    customer = scene.customer(5_000)
    hanging = [(customer, "gpt-5-mini", f"{number} [[hang=2]]", STREAMED) for number in range(30)]
    healthy = [(customer, "claude-haiku-4.5", f"say 5 words {number}", STREAMED) for number in range(30)]
    heard = scene.ask_all([*hanging, *healthy])
    assert all(each.saw_the_end for each in heard[30:])
    note(scene, "one provider hangs")
