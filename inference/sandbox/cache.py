"""Prompt caching by marks, as Anthropic and Qwen have it: what a marked prefix costs depends on who sent it before."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .neutral_request import Usage

SECONDS = {"5m": 300, "1h": 3600}


@dataclass(frozen=True)
class Block:
    """A piece of the prompt, in prompt order; `ttl` when it carries a mark."""

    content: str
    tokens: int
    ttl: str | None = None


class PromptCache:
    def __init__(self) -> None:
        self.expiry: dict[str, float] = {}  # prefix digest → when it is forgotten

    def forget(self) -> None:
        self.expiry.clear()

    def measure(self, space: str, blocks: Sequence[Block], least: int) -> tuple[Usage, dict[str, int]]:
        """The prompt's buckets, and the prefixes (with seconds) to `keep` once the request is served.

        The longest known prefix is read, what follows up to each mark is written, the rest is plain input. Prefixes
        below `least` tokens count for nothing.
        """
        digests, sizes = prefixes(space, blocks)
        marks = [nth for nth, block in enumerate(blocks) if block.ttl and sizes[nth] >= least]
        if not marks:
            return Usage(input=max(1, sizes[-1] if sizes else 0)), {}
        known = [nth for nth in range(marks[-1] + 1) if self.expiry.get(digests[nth], 0) > time.time()]
        read = sizes[known[-1]] if known else 0
        written, at = {"5m": 0, "1h": 0}, read
        for nth in marks:
            if sizes[nth] > at:
                written[blocks[nth].ttl or "5m"] += sizes[nth] - at
                at = sizes[nth]
        kept = {digests[nth]: SECONDS[blocks[nth].ttl or "5m"] for nth in marks}
        return Usage(sizes[-1] - at, read, written["5m"], written["1h"]), kept

    def keep(self, prefixes: dict[str, int]) -> None:
        now = time.time()
        self.expiry |= {digest: now + seconds for digest, seconds in prefixes.items()}


def prefixes(space: str, blocks: Sequence[Block]) -> tuple[list[str], list[int]]:
    digests: list[str] = []
    sizes: list[int] = []
    running, total = hashlib.sha256(space.encode()), 0
    for block in blocks:
        running.update(b"\x00" + block.content.encode())
        total += block.tokens
        digests.append(running.hexdigest())
        sizes.append(total)
    return digests, sizes
