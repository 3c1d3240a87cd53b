"""Models are found by the names that callers bring with them from elsewhere."""

import pytest

from inference import catalog
from tests.inference.conftest import Ask


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4.5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4.5"),
        ("claude-sonnet-4-5-20991231", "claude-sonnet-4.5"),
        ("claude-haiku-4-5-latest", "claude-haiku-4.5"),
        ("anthropic/claude-opus-4.6", "claude-opus-4.6"),
        ("anthropic/claude-opus-4-5-20251101", "claude-opus-4.5"),
        ("openai/gpt-5.2", "gpt-5.2"),
        ("gpt-5.2-2025-12-11", "gpt-5.2"),
        ("google/gemini-3-flash-preview", "gemini-3-flash"),
        ("moonshotai/kimi-k2.5", "kimi-k2.5"),
        ("qwen/qwen3-coder-plus", "qwen3-coder"),
    ],
)
def test_other_names_of_a_model_find_it(prices: None, asked: str, name: str) -> None:
    found = catalog.current_sync().find(asked)
    assert found is not None and found.name == name


@pytest.mark.parametrize("asked", ["openai/claude-opus-4.6", "gpt-5.2-tts", "claude-3-opus", "/gpt-5.2", "gpt-5"])
def test_names_of_other_models_find_none(prices: None, asked: str) -> None:
    assert catalog.current_sync().find(asked) is None


def test_every_models_own_name_is_its_own(prices: None) -> None:
    book = catalog.current_sync()
    assert all(book.find(name) is listing for name, listing in book.listings.items())


@pytest.mark.parametrize("text", ["hello", "word " * 40_000])
def test_a_model_is_asked_by_another_name_on_the_loop_and_beside_it(ask: Ask, text: str) -> None:
    said = ask("anthropic/claude-haiku-4-5", text)
    assert said.status == 200 and said.json()["model"] == "claude-haiku-4-5-20251001"
