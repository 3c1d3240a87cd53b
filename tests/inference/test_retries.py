"""When a provider is asked again, and when never."""

import time
from typing import Any

import pytest

from credits.models import CreditTransaction
from inference.chat.provider_error import UPSTREAM_TIMEOUT, ProviderError
from inference.chat.reply import Facts
from inference.completion.attempts import Attempts, Patience
from inference.upstream import client as upstream
from tests.inference.conftest import Ask, Sandbox, only_completion

DIALECTS = ("gpt-5-mini", "gpt-5.2-codex", "claude-haiku-4.5", "gemini-3-flash", "kimi-k2.5", "qwen3-coder")


@pytest.mark.parametrize("model", DIALECTS)
def test_a_failing_provider_is_asked_three_times_at_most(ask: Ask, sandbox: Sandbox, model: str) -> None:
    said = ask(model, "hello [[status=500]]")
    assert (said.status, said.error["code"]) == (502, "upstream_error")
    assert 2 <= len(sandbox.meter()) <= 3
    assert not CreditTransaction.objects.filter(type="inference").exists()


@pytest.mark.parametrize("order", ["status=400", "status=401", "status=404", "quota", "garbage=0", "cut=0"])
def test_what_will_not_pass_is_asked_once(ask: Ask, sandbox: Sandbox, order: str) -> None:
    assert ask(text=f"hello [[{order}]]").status >= 400
    assert len(sandbox.meter()) == 1


@pytest.mark.parametrize(("wait", "attempts"), [("1", 3), ("3", 1)])
def test_a_short_retry_after_is_waited_for_and_a_long_one_is_the_callers(
    ask: Ask, sandbox: Sandbox, wait: str, attempts: int
) -> None:
    began = time.monotonic()
    said = ask("claude-haiku-4.5", f"hello [[status=429 retry-after={wait}]]")
    assert (said.status, said.headers["retry-after"]) == (429, wait)
    assert len(sandbox.meter()) == attempts
    assert time.monotonic() - began >= attempts - 1


@pytest.mark.parametrize("order", ["error=3", "cut=3", "garbage=3"])
@pytest.mark.parametrize("model", DIALECTS)
def test_after_the_first_byte_it_is_never_asked_again(ask: Ask, sandbox: Sandbox, model: str, order: str) -> None:
    said = ask(model, f"say 40 words [[think=2 {order}]]", stream=True)
    assert len(sandbox.meter()) == 1
    assert said.status in (200, 502, 503)
    assert b'"finish_reason":"' not in said.body


@pytest.mark.parametrize("model", DIALECTS)
def test_an_error_event_alone_is_no_answer_and_is_asked_for_once_more(ask: Ask, sandbox: Sandbox, model: str) -> None:
    said = ask(model, "hello [[error=0]]", stream=True)
    assert len(sandbox.meter()) == 2
    assert said.status in (502, 503)
    assert not CreditTransaction.objects.filter(type="inference").exists()


def test_a_full_share_is_a_503_at_once(ask: Ask, sandbox: Sandbox, settings: Any) -> None:
    settings.CONWAY_PROVIDER_CONNECTIONS = 0
    said = ask()
    assert (said.status, said.error["code"], said.headers["retry-after"]) == (503, "provider_busy", "2")
    assert sandbox.meter() == []


def test_a_provider_that_nobody_answers_at_is_unreachable(ask: Ask, settings: Any) -> None:
    nowhere = {"base_url": "http://127.0.0.1:1", "api_key": "key", "sandbox": True}
    settings.PROVIDERS = {**settings.PROVIDERS, "openai": nowhere}
    said = ask()
    assert (said.status, said.error["code"]) == (503, "upstream_unreachable")
    assert (only_completion().settlement, only_completion().charged_cents) == ("none", 0)


def test_a_first_byte_that_does_not_come_is_a_504_and_not_asked_for_again(
    ask: Ask, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "FIRST_BYTE_SECONDS", 0.3)
    said = ask(text="hello [[first-byte=2]]", stream=True)
    assert (said.status, said.error["code"]) == (504, "upstream_timeout")
    assert len(sandbox.meter()) == 1


@pytest.mark.parametrize(
    ("order", "alert"),
    [("status=401", "provider:provider_auth_failed"), ("quota", "provider:provider_quota_exhausted"),
     ("status=404", "provider:model_not_found")],
)  # fmt: skip
def test_what_staff_must_look_at_raises_an_alert(ask: Ask, order: str, alert: str) -> None:
    said = ask(text=f"hello [[{order}]]")
    assert only_completion().alerts == [alert]
    assert said.status in (404, 503)
    assert order == "status=404" or said.headers["x-should-retry"] == "false"


def test_the_model_served_sets_the_price_and_raises_an_alert(ask: Ask) -> None:
    ask("gemini-2.5-flash", "hello [[served=gemini-2.5-pro tokens-in=1 tokens-out=9999]]")
    completion = only_completion()
    assert (completion.charged_cents, completion.alerts) == (13, ["served:gemini-2.5-pro"])


def test_an_unknown_model_served_is_charged_as_the_one_asked_for(ask: Ask) -> None:
    ask("gemini-2.5-flash", "hello [[served=gemini-9 tokens-in=1 tokens-out=10000]]")
    completion = only_completion()
    assert (completion.charged_cents, completion.alerts) == (4, ["served:gemini-9"])


@pytest.mark.parametrize(("retried", "attempts"), [("0", 3), ("1", 2), ("2", 1), ("7", 1), ("many", 3)])
def test_what_the_client_has_retried_itself_counts(ask: Ask, sandbox: Sandbox, retried: str, attempts: int) -> None:
    ask(text="hello [[status=500]]", headers={"x-stainless-retry-count": retried})
    assert len(sandbox.meter()) == attempts


@pytest.mark.parametrize("name", ["x-stainless-read-timeout", "x-stainless-timeout"])
@pytest.mark.parametrize(("seconds", "attempts"), [("0.9", 1), ("30", 2), ("soon", 2)])
def test_it_is_not_asked_again_for_a_client_who_will_have_left(
    ask: Ask, sandbox: Sandbox, name: str, seconds: str, attempts: int
) -> None:
    ask(text="hello [[status=429 retry-after=1 once]]", headers={name: seconds})
    assert len(sandbox.meter()) == attempts


def test_an_attempt_as_slow_as_the_last_one_must_end_in_time() -> None:
    failed = ProviderError(UPSTREAM_TIMEOUT)
    for seconds, again in ((19.0, False), (22.0, True)):
        attempts = Attempts(Patience(seconds), began=time.monotonic() - 10, asked=time.monotonic() - 10)
        assert (attempts.pause(failed, Facts(), is_answered=False, is_mended=False) is not None) == again
