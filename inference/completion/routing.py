"""Where a request goes, before anything is held for it: which model at which price, and what its headers ask of us."""

import hashlib
import hmac

from django.conf import settings

from accounts.authentication import Caller
from conway.common.errors import ApiError
from inference.catalog import succession
from inference.catalog.snapshot import Catalog, Listing, PricePoint
from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_request import Target
from inference.completion import errors


def find(book: Catalog, name: str, caller: Caller) -> tuple[Listing, PricePoint]:
    listing = book.find(name)
    if listing is not None and not listing.is_on and (offer := succession.offer(book, listing)):
        raise no_such_model(f"The model '{name[:100]}' is not offered any more.{offer}")
    if listing is None or not listing.is_on:
        known = ", ".join(sorted(name for name, listing in book.listings.items() if listing.is_on))
        raise no_such_model(f"The model '{name[:100]}' does not exist here. Available: {known}.")
    if caller.allowed_models is not None and listing.name not in caller.allowed_models:
        raise ApiError(403, "model_not_allowed", f"This API key may not use '{name}'.", param="model")
    try:
        listing = succession.serving(book, listing, may_be_dearer=caller.follows_successors)
    except succession.DearerSuccessor:
        raise no_such_model(f"'{name}' is no longer served.{instead(book, listing)}") from None
    if not listing.provider.is_configured:
        raise ApiError(
            503,
            "provider_not_configured",
            f"Inference proxy not configured: no API key for {listing.provider.title}.",
            headers=errors.NO_RETRY,
        )
    price = listing.price_at(book.now())
    if price is None:
        raise ApiError(
            503, "model_not_priced", f"'{name}' has no price yet; our staff have to set one.", headers=errors.NO_RETRY
        )
    return listing, price


def no_such_model(message: str) -> InvalidRequest:
    return InvalidRequest(message, param="model", code="model_not_found", status=404)


def instead(book: Catalog, listing: Listing) -> str:
    """What a caller can do whose model is over; empty where it has no successor that serves."""
    if not (offer := succession.offer(book, listing)):
        return ""
    return f"{offer} With the header x-conway-follow-successor: true it answers under this name."


def target(listing: Listing, caller: Caller, *, on_loop: bool = False) -> Target:
    return Target(
        listing.upstream_id,
        listing.traits,
        lambda value: pseudonym(caller.user_id, value),
        on_loop=on_loop,
        may_fetch=settings.CONWAY_FETCH_IMAGES,
        marks_cache=caller.cache_marks,
    )


def pseudonym(user_id: int, value: str) -> str:
    """A caller's own id for a user, as providers see it: nobody can tell whose it is, and two callers' never meet."""
    return hmac.new(
        settings.CONWAY_PSEUDONYM_KEY.encode(), f"{user_id}\0{value}".encode("utf-8", "replace"), hashlib.sha256
    ).hexdigest()
