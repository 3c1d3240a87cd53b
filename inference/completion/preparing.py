"""From a body to what is sent and what it may cost: on the event loop where that takes a few milliseconds, in a process
of its own (process_pool.py) where it might take more.

A body goes elsewhere by its size, by its number of values, or when rendering it turns out to be more than
`chat.budget` lets the loop do; the answer is the same. What has to be made again of a large body, because its credit
buys fewer tokens, is made from the body again: nothing is kept there. Its tokens are counted here, a slice at a time
(billing/measure.py).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from accounts.authentication import Caller
from conway.common.errors import ApiError
from credits.ledger import AdmissionDenied
from inference.billing.measure import Measure
from inference.catalog import aliases
from inference.catalog.snapshot import Catalog, Listing, PricePoint
from inference.chat import suiting
from inference.chat.budget import TooMuchHere
from inference.chat.format import Format
from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_request import ProviderRequest, encode
from inference.chat.request import ChatRequest
from inference.completion import pickles, prechecks, process_pool, routing

LARGEST_ON_LOOP = 128 * 1024  # bytes
MOST_PACKED = 16
LONGEST_HELD_SECONDS = 20  # before a hold without a heartbeat is taken for lost

Route = tuple[Listing, PricePoint]
Find = Callable[[str], Route | None]

_packed: dict[tuple[float, frozenset[tuple[str, int]]], bytes] = {}


@dataclass(slots=True)
class Made:
    request: ChatRequest
    rendered: ProviderRequest
    payload: bytes


def make(format: Format, body: bytes, find: Find, caller: Caller, limit: int | None, *, on_loop: bool) -> Made | str:
    """The model's name where it is not found. `limit`: output tokens per choice that the hold buys.

    Raises `InvalidRequest`, and, `on_loop`, `TooMuchHere`.
    """
    request = format.read(body, on_loop=on_loop)
    if (route := find(request.model)) is None:
        return request.model
    listing, _ = route
    if caller.usage_in_streams:
        request.tell_usage()
    rendered = render(request, listing, caller, limit, on_loop=on_loop)
    return Made(request, rendered, rendered.encoded())


def render(
    request: ChatRequest, listing: Listing, caller: Caller, limit: int | None, *, on_loop: bool
) -> ProviderRequest:
    suiting.suit(request, listing.traits, tool_media=listing.dialect.TOOL_MEDIA)
    return listing.dialect.render(request, routing.target(listing, caller, on_loop=on_loop), limit=limit)


@dataclass
class Prepared:
    """A request of a known model, ready to be admitted. `elsewhere`: the routes, packed, where the body is too much for
    the loop.
    """

    format: Format
    caller: Caller
    body: bytes
    listing: Listing
    price: PricePoint
    made: Made
    elsewhere: bytes | None

    @property
    def request(self) -> ChatRequest:
        return self.made.request

    @property
    def rendered(self) -> ProviderRequest:
        return self.made.rendered

    @property
    def payload(self) -> bytes:
        return self.made.payload

    @cached_property
    def measure(self) -> Measure:
        return Measure(self.rendered, len(self.payload), self.listing, self.caller.user_id)

    async def limited(self, limit: int) -> tuple[ProviderRequest, bytes]:
        """Rendered anew with fewer output tokens, and encoded."""
        if self.elsewhere is not None:
            try:
                async with asyncio.timeout(LONGEST_HELD_SECONDS):
                    again = await self.again(limit, self.elsewhere)
            except TimeoutError:
                raise process_pool.busy() from None
            return again.rendered, again.payload
        rendered = render(self.request, self.listing, self.caller, limit, on_loop=False)
        return rendered, rendered.encoded()

    async def again(self, limit: int, routes: bytes) -> Made:
        account, caller = self.caller.user_id, self.caller
        made = await process_pool.run(account, make_elsewhere, self.format, self.body, routes, caller, limit)
        assert isinstance(made, Made)
        return made


async def prepare(format: Format, caller: Caller, body: bytes, book: Catalog) -> Prepared:
    """Raises `InvalidRequest` and what `routing.find` raises, in the order in which a request is read."""
    if len(body) > prechecks.LARGEST_UNCHECKED:
        await prechecks.check(caller)
    if len(body) <= LARGEST_ON_LOOP and (prepared := prepare_here(format, caller, body, book)) is not None:
        return prepared
    if len(body) <= prechecks.LARGEST_UNCHECKED:
        await prechecks.check(caller)  # small, and much to do: references that stand for a million schemas
    routes = routes_of(book, caller)
    packed = packed_routes(book, routes)
    made = await process_pool.run(caller.user_id, make_elsewhere, format, body, packed, caller, None)
    if isinstance(made, str):
        routing.find(book, made, caller)  # says why not
        raise AdmissionDenied("unknown")
    return Prepared(format, caller, body, *routing.find(book, made.request.model, caller), made, packed)


def prepare_here(format: Format, caller: Caller, body: bytes, book: Catalog) -> Prepared | None:
    """Prepares the request on the event loop; None where that would take too long."""
    found: list[Route] = []

    def find(name: str) -> Route:
        found.append(routing.find(book, name, caller))
        return found[0]

    try:
        made = make(format, body, find, caller, None, on_loop=True)
    except (TooMuchHere, RecursionError):
        return None
    assert isinstance(made, Made)
    return Prepared(format, caller, body, *found[0], made, None)


async def encoded(account: int, rendered: ProviderRequest, size: int) -> bytes:
    """Again, after a dialect mended it; `size` is about how large it is."""
    if size <= LARGEST_ON_LOOP:
        return rendered.encoded()
    return await process_pool.run(account, encode, rendered.body)


# Elsewhere


def make_elsewhere(format: Format, body: bytes, routes: bytes, caller: Caller, limit: int | None) -> Made | str:
    return make(format, body, unpacked(routes), caller, limit, on_loop=False)


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
        others = {other: listing.name for other, listing in book.others.items() if listing.name in lean}
        _packed[state] = pickles.packed((lean, others))
    return _packed[state]


@lru_cache(4)
def unpacked(packed: bytes) -> Find:
    routes, others = pickles.unpacked(packed)
    listed = {name: name for name in routes}
    return lambda name: routes.get(aliases.find(name, listed, others) or "")
