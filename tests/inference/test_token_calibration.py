"""How a model's tokens compare with o200k's is learned from what providers report."""

import pytest

from inference import catalog
from inference.billing import token_calibration
from inference.models import ChatModel
from tests.inference.conftest import Ask

LONG_PROMPT = "calm blue rain over wide open land " * 60


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_calibration, "SAMPLED", 1.0)


def row(name: str = "claude-haiku-4.5") -> ChatModel:
    return ChatModel.objects.get(name=name)


def test_a_prompt_beyond_its_bound_raises_the_bound_at_once(ask: Ask) -> None:
    before = row().bound_percent
    ask("claude-haiku-4.5", f"{LONG_PROMPT} [[tokens-in=4000]]")
    assert row().bound_percent > before
    catalog.forget()


def test_an_ordinary_prompt_moves_only_the_estimate(ask: Ask) -> None:
    bound, estimate = row().bound_percent, row().estimate_percent
    ask("claude-haiku-4.5", f"{LONG_PROMPT} [[tokens-in=450]]")
    assert row().bound_percent == bound
    assert 50 <= row().estimate_percent <= estimate


def test_one_lie_of_a_provider_does_not_price_everybody_out(ask: Ask) -> None:
    ask("claude-haiku-4.5", f"{LONG_PROMPT} [[tokens-in=190000]]")
    assert row().bound_percent <= token_calibration.MOST_PERCENT


def test_a_short_prompt_teaches_nothing(ask: Ask) -> None:
    before = (row().bound_percent, row().estimate_percent)
    ask("claude-haiku-4.5", "hello [[tokens-in=5000]]")
    assert (row().bound_percent, row().estimate_percent) == before
