"""What one more chunk costs in each format and from each provider, counted in Python calls: the same on any machine.

Between the bytes of a provider and those for a caller; what all have in common (tasks, sockets, settlement) is not in
it and would make every ratio smaller.
"""

import sys
from functools import cache
from typing import Any

import pytest

from bench import chunks

FEW, MANY = 20, 120


@cache
def calls(dialect: str, format: str, at_once: bool) -> float:
    """Of one more chunk."""
    few, many = (counted(dialect, format, at_once, words) for words in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def counted(dialect: str, format: str, at_once: bool, words: int) -> int:
    passed, found = chunks.passing(dialect, format, at_once, words), 0
    passed()  # what is made once is there

    def count(frame: Any, event: str, detail: Any) -> None:
        nonlocal found
        found += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        passed()
    finally:
        sys.setprofile(before)
    return found


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "paced"])
@pytest.mark.parametrize("dialect", chunks.SAID)
@pytest.mark.parametrize("format", ["responses", "messages"])
def test_a_chunk_costs_no_format_more_than_chat(format: str, dialect: str, at_once: bool) -> None:
    assert calls(dialect, format, at_once) <= 1.1 * calls(dialect, "chat", at_once)


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "paced"])
@pytest.mark.parametrize("dialect", ["openai_responses", "anthropic"])
def test_a_chunk_of_another_dialect_costs_hardly_more_than_openais(dialect: str, at_once: bool) -> None:
    assert calls(dialect, "chat", at_once) <= 1.3 * calls("openai_chat", "chat", at_once)


def test_geminis_costs_more_for_it_counts_with_every_chunk() -> None:
    assert calls("gemini", "chat", at_once=True) <= calls("openai_chat", "chat", at_once=True) + 20


def test_a_chunk_costs_few_calls_in_any() -> None:
    assert calls("openai_chat", "chat", at_once=True) <= 10
    assert calls("openai_chat", "chat", at_once=False) <= 18
