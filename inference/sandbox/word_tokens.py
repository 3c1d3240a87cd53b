"""The sandbox's token counter: one per word, one more for every further 16 bytes of a long word.

It never counts more than o200k does on ordinary text, so that a careful estimate made from real tokenizers stays an
upper bound. Cutting a text between words does not change its count: what was streamed can be added up word by word.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

PIECE = re.compile(r"\s*\S+|\s+\Z")


def pieces(text: str) -> list[str]:
    """The words of a text, each with the space before it; joined they are the text again."""
    return PIECE.findall(text)


def count(text: str) -> int:
    return sum(max(1, len(word.encode()) // 16) for word in text.split())


def count_words(words: Iterable[str]) -> int:
    return sum(count(word) for word in words)


def count_json(value: Any) -> int:
    """Structures are counted as their JSON with a space after each comma and colon."""
    return count(json.dumps(value, ensure_ascii=False)) if value else 0


def count_media(base64_text: str) -> int:
    """One token per KiB, at most 258: below every provider's own formula for an image."""
    return min(258, max(1, len(base64_text) // 1400))
