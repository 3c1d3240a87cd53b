"""From a body to what is sent and what it may cost: on the event loop where that takes a few milliseconds, in a process
of its own (process_pool.py) where it might take more.

A body goes elsewhere by its size, by its number of values, or when rendering it turns out to be more than
`chat.budget` lets the loop do; the answer is the same. Whatever has to be made again of a large body, because its
credit buys fewer tokens or its tokens are to be counted, is made from the body again: nothing is kept there.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache

from accounts.authentication import Caller
from conway.common.errors import ApiError
from credits.ledger import AdmissionDenied
from inference.billing import token_counting
from inference.billing.quotes import Quote, quote
from inference.catalog.snapshot import Catalog, Listing, PricePoint
from inference.chat.budget import TooMuchHere
from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_request import ProviderRequest, encode
from inference.chat.request import ChatRequest
from inference.completion import prechecks, process_pool, routing

LARGEST_ON_LOOP = 128 * 1024  # bytes
MOST_PACKED = 16
LONGEST_HELD_SECONDS = 20  # before a hold without a heartbeat is taken for lost

Route = tuple[Listing, PricePoint]
Find = Callable[[str], Route | None]

_packed: dict[tuple[float, frozenset[tuple[str, int]]], bytes] = {}


@dataclass(frozen=True, slots=True)
class Wanted:
    """`limit`: output tokens per choice that the hold buys."""

    limit: int | None = None
    counted: bool = False
    least: bool = False


@dataclass(slots=True)
class Made:
    """`least_prompt` is 0 where nobody wanted it."""

    request: ChatRequest
    rendered: ProviderRequest
    payload: bytes
    quote: Quote
    least_prompt: int = 0


def make(body: bytes, find: Find, caller: Caller, wanted: Wanted, *, on_loop: bool) -> Made | str:
    """The model's name where it is not found. Raises `InvalidRequest`, and, `on_loop`, `TooMuchHere`."""
    request = ChatRequest.read(body, on_loop=on_loop)
    if (route := find(request.model)) is None:
        return request.model
    listing, price = route
    rendered = render(request, listing, caller, wanted.limit, on_loop=on_loop)
    payload = rendered.encoded()
    least = token_counting.least_prompt(request, listing.estimate_percent) if wanted.least else 0
    return Made(request, rendered, payload, quote(request, listing, price, counted=wanted.counted), least)


def render(
    request: ChatRequest, listing: Listing, caller: Caller, limit: int | None, *, on_loop: bool
) -> ProviderRequest:
    return listing.dialect.render(request, routing.target(listing, caller, on_loop=on_loop), limit=limit)


@dataclass(slots=True)
class Prepared:
    """A request of a known model, ready to be admitted. `routes` is packed where the body is prepared elsewhere."""

    caller: Caller
    body: bytes
    listing: Listing
    price: PricePoint
    made: Made
    elsewhere: bytes | None
    counted: Quote | None = None

    @property
    def request(self) -> ChatRequest:
        return self.made.request

    async def quoting(self, counted: bool) -> Quote:
        if not counted:
            return self.made.quote
        if self.counted is None:
            if self.elsewhere is None:
                self.counted = quote(self.request, self.listing, self.price, counted=True)
            else:
                self.counted = (await self.again(Wanted(counted=True), self.elsewhere)).quote
        return self.counted

    async def limited(self, limit: int) -> tuple[ProviderRequest, bytes]:
        """ProviderRequest anew with fewer output tokens, and encoded."""
        if self.elsewhere is not None:
            try:
                async with asyncio.timeout(LONGEST_HELD_SECONDS):
                    again = await self.again(Wanted(limit), self.elsewhere)
            except TimeoutError:
                raise process_pool.busy() from None
            return again.rendered, again.payload
        rendered = render(self.request, self.listing, self.caller, limit, on_loop=False)
        return rendered, rendered.encoded()

    async def again(self, wanted: Wanted, routes: bytes) -> Made:
        made = await process_pool.run(self.caller.user_id, make_elsewhere, self.body, routes, self.caller, wanted)
        assert isinstance(made, Made)
        return made


async def prepare(caller: Caller, body: bytes, book: Catalog, *, least: bool = False) -> Prepared:
    """Raises `InvalidRequest` and what `routing.find` raises, in the order in which a request is read."""
    wanted = Wanted(least=least)
    if len(body) > prechecks.LARGEST_UNCHECKED:
        await prechecks.check(caller)
    if len(body) <= LARGEST_ON_LOOP and (prepared := prepare_here(caller, body, book, wanted)) is not None:
        return prepared
    if len(body) <= prechecks.LARGEST_UNCHECKED:
        await prechecks.check(caller)  # small, and much to do: references that stand for a million schemas
    routes = routes_of(book, caller)
    packed = packed_routes(book, routes)
    made = await process_pool.run(caller.user_id, make_elsewhere, body, packed, caller, wanted)
    if isinstance(made, str):
        routing.find(book, made, caller)  # says why not
        raise AdmissionDenied("unknown")
    return Prepared(caller, body, *routes[made.request.model], made, packed)


def prepare_here(caller: Caller, body: bytes, book: Catalog, wanted: Wanted) -> Prepared | None:
    """None where it is too much for the event loop."""
    found: list[Route] = []

    def find(name: str) -> Route:
        found.append(routing.find(book, name, caller))
        return found[0]

    try:
        made = make(body, find, caller, wanted, on_loop=True)
    except (TooMuchHere, RecursionError):
        return None
    assert isinstance(made, Made)
    return Prepared(caller, body, *found[0], made, None)


async def encoded(account: int, rendered: ProviderRequest, size: int) -> bytes:
    """Again, after a dialect mended it; `size` is about how large it is."""
    if size <= LARGEST_ON_LOOP:
        return rendered.encoded()
    return await process_pool.run(account, encode, rendered.body)


# Elsewhere


def make_elsewhere(body: bytes, routes: bytes, caller: Caller, wanted: Wanted) -> Made | str:
    return make(body, unpacked(routes).get, caller, wanted, on_loop=False)


def routes_of(book: Catalog, caller: Caller) -> dict[str, Route]:
    """Where this caller's requests may go now, by the model's name: a body says only elsewhere which it wants."""
    routes: dict[str, Route] = {}
    for name in book.listings:
        with suppress(ApiError, InvalidRequest):
            routes[name] = routing.find(book, name, caller)
    return routes


def packed_routes(book: Catalog, routes: dict[str, Route]) -> bytes:
    """Packed once for each state of the catalogue, which is read anew every few seconds."""
    state = (book.read_at, frozenset((name, price.id) for name, (_, price) in routes.items()))
    if state not in _packed:
        if len(_packed) >= MOST_PACKED:
            _packed.clear()
        lean = {name: (replace(listing, prices=()), price) for name, (listing, price) in routes.items()}
        _packed[state] = process_pool.packed(lean)
    return _packed[state]


@lru_cache(4)
def unpacked(routes: bytes) -> dict[str, Route]:
    return process_pool.unpacked(routes)
