"""Which model answers under a name whose own model is over.

A row names a `successor`, and staff say from when on it answers (`successor_from`). It is charged at its own price, and
only where no token of it costs more than the asked model's, unless the caller has agreed to that.
"""

from dataclasses import replace

from inference.catalog.pricing import MARKUP
from inference.catalog.snapshot import Catalog, Listing, PricePoint

LONGEST_CHAIN = 8  # a successor may be over in its turn


class DearerSuccessor(Exception):
    """The model is over, and its successor costs more than the caller has agreed to."""

    def __init__(self, asked: Listing, successor: Listing) -> None:
        super().__init__(asked.name)
        self.asked, self.successor = asked, successor


def serving(book: Catalog, asked: Listing, *, may_be_dearer: bool) -> Listing:
    """Raises `DearerSuccessor`. A model that is not over serves itself, and so does one whose successor cannot."""
    is_due = answers_for(book, asked)
    if not is_due and not (may_be_dearer and is_over(book, asked)):
        return asked
    if (found := successor(book, asked, is_agreed=may_be_dearer)) is None:
        return asked
    if not may_be_dearer and is_dearer(book, found, asked):
        raise DearerSuccessor(asked, found)
    return replace(found, asked_as=asked.name)


def answers_for(book: Catalog, listing: Listing) -> bool:
    return listing.successor_from is not None and listing.successor_from <= book.now().date()


def is_over(book: Catalog, listing: Listing) -> bool:
    """Whether the model has ended, by its date or by its provider's own words."""
    today = book.now()
    return (listing.retires_on is not None and listing.retires_on <= today.date()) or listing.is_missing(today)


def is_answered(book: Catalog, listing: Listing) -> bool:
    """Whether the name has an answer now, for a caller who agreed to no dearer one."""
    try:
        found = serving(book, listing, may_be_dearer=False)
    except DearerSuccessor:
        return False
    return found.is_available and not found.is_missing(book.now()) and not (found is listing and is_over(book, found))


def successor(book: Catalog, asked: Listing, *, is_agreed: bool = True) -> Listing | None:
    """The last one of the chain that can serve now. Whoever agreed to dearer ones, or is offered one, is led past those
    that are over; others are not, while its provider may still answer.
    """
    found, seen = asked, {asked.name}
    for _ in range(LONGEST_CHAIN):
        following = book.find(found.successor)
        if following is None or following.name in seen or not serves(book, following):
            break
        found = following
        seen.add(found.name)
        if not answers_for(book, found) and not (is_agreed and is_over(book, found)):
            break
    return None if found is asked else found


def serves(book: Catalog, listing: Listing) -> bool:
    return listing.is_available and listing.price_at(book.now()) is not None


def is_dearer(book: Catalog, listing: Listing, than: Listing) -> bool:
    """One without a price bounds nothing."""
    price, bound = listing.price_at(book.now()), than.price_at(book.now())
    return price is None or bound is None or price.sheet.is_dearer_than(bound.sheet)


def offer(book: Catalog, asked: Listing) -> str:
    """The sentence that names what to use instead, with its price; empty where there is nothing."""
    if (found := successor(book, asked)) is None or (price := found.price_at(book.now())) is None:
        return ""
    return f" Use '{found.name}' instead: {charged(price)}."


def charged(price: PricePoint) -> str:
    first = price.sheet.tiers[0]
    paid = {bucket: f"${(first.price(bucket) * MARKUP).normalize():f}" for bucket in ("input", "output")}
    return f"{paid['input']} per million input tokens and {paid['output']} per million output tokens"
