"""A request on its way out, and what its dialect must remember to read the reply."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conway.common import json_text
from inference.chat.budget import Budget
from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits

MOST_NAMED = 64  # callers invent field names, and a header has an end
BETA = re.compile(r"(?P<name>[a-z-]+)-[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Target:
    """The model a request goes to. `pseudonym` hashes a caller's own ids with ours, so that no provider learns or
    mixes them. `on_loop`: rendering may take a few milliseconds and raises `TooMuchHere` where it would take more.
    `may_fetch`: images that the provider does not fetch may be fetched by us. `marks_cache`: a prompt without any cache
    mark gets ours.
    """

    upstream_model: str
    traits: Traits
    pseudonym: Callable[[str], str]
    on_loop: bool = False
    may_fetch: bool = False
    marks_cache: bool = False


@dataclass(slots=True)
class ProviderRequest:
    """`body` holds allow-listed fields only. `names` maps tool names as sent back to the caller's, where they had to
    change. `betas`: names, without their dates, of what a caller may have switched on at the provider for what is sent.
    `to_fetch`: places in the body whose `url` we fetch ourselves, since the provider does not.
    """

    request: ChatRequest
    body: dict[str, Any]
    ignored: list[str] = field(default_factory=list)
    transforms: list[str] = field(default_factory=list)
    names: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    betas: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    to_fetch: list[dict[str, Any]] = field(default_factory=list)
    is_marked: bool = False  # for the provider's cache, by us: what is written there may be charged
    mended: bool = False  # since it was encoded: a dialect changed what the provider refused

    def encoded(self) -> bytes:
        return encode(self.body)

    def ignore(self, name: str) -> None:
        """Names a field that is left out."""
        if name not in self.ignored and len(self.ignored) < MOST_NAMED:
            self.ignored.append(name)

    def switch_on(self, beta: str) -> bool:
        """Whether what is sent waits for that beta. Others may cost what we have no price for."""
        named = BETA.fullmatch(beta)
        if named is None or named["name"] not in self.betas:
            return False
        others = [name for name in self.headers.get("anthropic-beta", "").split(",") if name not in ("", beta)]
        self.headers = {**self.headers, "anthropic-beta": ",".join([*others, beta])}
        return True

    def name_schemas(self) -> None:
        if self.budget.has_fitted:
            self.transform("schemas_fitted")

    def transform(self, name: str) -> None:
        """Names what was rewritten, lowered or moved."""
        if name not in self.transforms:
            self.transforms.append(name)


def encode(body: dict[str, Any]) -> bytes:
    """Raises `InvalidRequest` for what JSON cannot say: 1e999 in a caller's own schema has become infinity."""
    try:
        return json_text.written(body, strict=True)
    except ValueError as error:
        raise InvalidRequest("The request holds a number that is not finite.", code="invalid_json") from error
