"""Measuring a prompt beside others."""

import asyncio
import random
from typing import Any

from inference.billing import documents
from inference.billing.fair import Turns
from tests.attacks.measuring import measure, pdf, said, with_file

LONG = "".join(random.Random(5).choices("abcdefgh \n", k=400_000))


def test_a_short_prompt_does_not_wait_for_long_ones() -> None:
    async def together() -> list[str]:
        ended: list[str] = []

        async def one(name: str, text: str) -> None:
            await measure("gemini-3-flash", said(text)).bound()
            ended.append(name)

        await asyncio.gather(*(one("long", LONG) for _ in range(4)), one("short", "hello"))
        return ended

    assert asyncio.run(together())[0] == "short"


def test_measured_twice_at_once_it_counts_the_same() -> None:
    async def together() -> list[int]:
        one = measure("gemini-3-flash", said(LONG))
        return list(await asyncio.gather(one.bound(), one.bound(), one.likely(), one.likely()))

    first, second, likely, again = asyncio.run(together())
    assert first == second == asyncio.run(measure("gemini-3-flash", said(LONG)).bound())
    assert likely == again < first


def test_of_each_account_one_is_at_work_and_of_all_a_few() -> None:
    at_work: list[int] = []
    most: list[tuple[int, int]] = []

    async def work(turns: Turns, account: int) -> None:
        async with turns.of(account):
            at_work.append(account)
            most.append((len(at_work), at_work.count(account)))
            await asyncio.sleep(0.002)
            at_work.remove(account)

    async def together() -> Turns:
        turns = Turns(2)
        await asyncio.gather(*(work(turns, account) for account in [1] * 6 + [2, 3, 4]))
        return turns

    turns = asyncio.run(together())
    assert max(most) == (2, 1)
    assert not turns.locks and not turns.waiting


def test_a_page_whose_text_comes_in_several_streams_is_read() -> None:
    document = pdf(1, b"").replace(b"/Contents 4 0 R", b"/Contents[4 0 R 4 0 R]")
    found: Any = asyncio.run(documents.pages([with_base64(document)], account=1))
    assert [pages.number for pages in found] == [1]


def with_base64(content: bytes) -> str:
    url: str = with_file("application/pdf", content)["messages"][0]["content"][0]["file"]["file_data"]
    return url.partition(",")[2]


def test_many_documents_are_read_by_one_process_each_for_itself() -> None:
    good, broken = with_base64(pdf(3, b"x")), with_base64(b"%PDF-1.4")
    found = asyncio.run(documents.pages([good, broken, good], account=1))
    assert found == [documents.Pages(3, 0), None, documents.Pages(3, 0)]
