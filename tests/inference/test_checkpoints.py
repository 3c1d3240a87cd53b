"""A checkpoint looks at what is new: every three seconds of an hour it costs no more than the first."""

import asyncio

import pytest

from inference.billing import token_counting
from inference.chat.reply import Delta, Gathered
from inference.completion.state import CompletionState


@pytest.fixture
def state() -> CompletionState:
    """As far as counting needs it."""
    made: CompletionState = object.__new__(CompletionState)
    made.gathered, made.count, made.counting = Gathered(), 0, asyncio.Lock()
    return made


async def test_it_reads_each_text_once(state: CompletionState, monkeypatch: pytest.MonkeyPatch) -> None:
    async def noted(text: str) -> int:
        read.append(text)
        return await counted(text)

    read: list[str] = []
    counted = token_counting.counted
    monkeypatch.setattr(token_counting, "counted", noted)
    for number in range(5):
        for word in ("one ", "two "):
            state.gathered.add(Delta({"content": f"{word}{number} "}))
        await state.counted()
    assert read == [f"one {number} two {number} " for number in range(5)]
    assert state.gathered.characters == len("".join(read)) and not state.gathered.unread


async def test_what_comes_while_it_counts_is_counted_next(state: CompletionState) -> None:
    state.gathered.add(Delta({"content": "first " * 20_000}))
    counting = asyncio.create_task(state.counted())
    await asyncio.sleep(0)
    state.gathered.add(Delta({"content": "second"}))
    before = await counting
    assert await state.counted() == before + await token_counting.counted("second")


async def test_two_choices_by_turns_are_each_counted(state: CompletionState) -> None:
    """Of the whole text put together anew, what is new would not be at the end."""
    for text, index in (("alpha ", 0), ("beta ", 1), ("gamma", 0), ("delta", 1)):
        state.gathered.add(Delta({"content": text}, index=index))
        await state.counted()
    assert state.count == sum([await token_counting.counted(text) for text in ("alpha ", "beta ", "gamma", "delta")])
