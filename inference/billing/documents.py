"""How many tokens a caller's PDFs can be: asked of a process of their own (pdf_reader.py), never parsed in this one.

Two such processes run at once, one per account; who waits too long, and whose file cannot be read, gets no answer.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from inference.billing.fair import Turns

READER = Path(__file__).with_name("pdf_reader.py")
AT_ONCE = 2
SECONDS = 5  # with the wait for a turn


@dataclass(frozen=True, slots=True)
class Pages:
    """`excess`: bytes of text beyond what a page usually has."""

    number: int
    excess: int


turns = Turns(AT_ONCE)


async def pages(encoded: Sequence[str], account: int) -> list[Pages | None]:
    """The pages of PDFs in base64; None for one that nobody can count."""
    found: list[Pages | None] = []
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(SECONDS), turns.of(account):
            await ask(encoded, found)
    return found + [None] * (len(encoded) - len(found))


async def ask(encoded: Sequence[str], found: list[Pages | None]) -> None:
    # Isolated: neither the environment, with the providers' keys in it, nor this folder is seen by what reads a file.
    linked = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(READER), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=linked
    )
    telling = asyncio.create_task(tell(process, encoded))
    try:
        assert process.stdout
        while line := await process.stdout.readline():
            found.append(read(line))
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        raise
    finally:
        telling.cancel()
        await asyncio.gather(telling, process.wait(), return_exceptions=True)


async def tell(process: Process, encoded: Sequence[str]) -> None:
    assert process.stdin
    with suppress(ConnectionError):  # it was ended by its limits
        process.stdin.write((" ".join(str(len(text)) for text in encoded) + "\n").encode())
        for text in encoded:
            process.stdin.write(text.encode("ascii", "replace"))
            await process.stdin.drain()
        process.stdin.close()


def read(line: bytes) -> Pages | None:
    try:
        number, excess = map(int, line.split())
    except ValueError:
        return None
    return Pages(number, excess)
