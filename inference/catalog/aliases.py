"""Other names that callers know a model by: its provider's own, with or without a date, with dashes, with its provider
before it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, TypeVar


class Provided(Protocol):
    @property
    def name(self) -> str: ...


class Named(Protocol):
    """A listing."""

    @property
    def name(self) -> str: ...
    @property
    def upstream_id(self) -> str: ...
    @property
    def provider(self) -> Provided: ...


T = TypeVar("T")
L = TypeVar("L", bound=Named)

# Behind a name: a date, or what says that there is none.
DATE = re.compile(r"-(?:\d{4}-?\d{2}-?\d{2}|latest)$")
# Our name of a provider → the names that stand before a model's elsewhere.
MAKERS = {
    "gemini": ("gemini", "google", "google-ai-studio"),
    "moonshot": ("moonshot", "moonshotai"),
    "qwen": ("qwen", "alibaba", "dashscope"),
}


def undated(name: str) -> str:
    return DATE.sub("", name)


def table(listings: Iterable[L]) -> dict[str, L]:
    """Other name → listing. Where two could be meant, the one that is listed first is; a listing's own name is none."""
    found: dict[str, L] = {}
    for listing in listings:
        for name in names(listing):
            found.setdefault(name, listing)
    return found


def names(listing: Named) -> Iterator[str]:
    own = dict.fromkeys((listing.name, listing.upstream_id, undated(listing.upstream_id)))
    dashed = dict.fromkeys(name.replace(".", "-") for name in own)
    for name in own | dashed:
        yield name
        for maker in MAKERS.get(listing.provider.name, (listing.provider.name,)):
            yield f"{maker}/{name}"


def find(name: str, listed: Mapping[str, T], others: Mapping[str, T]) -> T | None:
    return listed.get(name) or others.get(name) or others.get(undated(name))
