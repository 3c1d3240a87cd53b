"""One completion under way: what was asked, what has come of it so far, and what follows from that.

task.py, provider_call.py and delivery.py write it. How it is settled (outcome.py) and what its headers say are read
from it.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime

from accounts.authentication import Caller
from credits.ledger import Admission
from inference.billing import token_counting
from inference.billing.measure import Measure
from inference.billing.settlement import Booked
from inference.catalog.snapshot import Catalog, Listing, PricePoint
from inference.chat.format import Format
from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Facts, Gathered
from inference.chat.usage import Usage
from inference.completion.attempts import Patience

# How a completion ended, where no provider's failure ended it.
COMPLETE, CLIENT_LEFT, STOPPED, TOO_LONG = "complete", "client_left", "stopped", "too_long"


@dataclass(slots=True, kw_only=True)
class CompletionState:
    id: str
    request_id: str
    caller: Caller
    catalog: Catalog
    listing: Listing
    price: PricePoint
    rendered: ProviderRequest
    admission: Admission
    admitted_at: datetime
    measure: Measure
    format: Format  # what the caller speaks
    lowered_limit: int | None = None
    client_request_id: str = ""  # the caller's own, for our log
    patience: Patience = field(default_factory=Patience)
    received: float = field(default_factory=time.monotonic)

    facts: Facts = field(default_factory=Facts)
    gathered: Gathered = field(default_factory=Gathered)
    # The provider took the request: from here on it may charge for it, and is not asked again.
    is_answered: bool = False
    ended: bool = False
    has_checkpoint: bool = False
    client_left: bool = False
    ending: str = COMPLETE
    fault: ProviderError | None = None
    usage: Usage | None = None  # what is charged, once it has ended
    booked: Booked | None = None
    began: float = field(default_factory=time.monotonic)
    asked: float | None = None  # when the provider was asked, the last time
    first_asked: float | None = None
    read_until: float | None = None
    first_byte: float | None = None
    first_word: float | None = None  # of the answer itself: what came before it was thought
    count: int = 0
    counting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_stream(self) -> bool:
        return bool(self.rendered.request.stream)

    @property
    def was_seen(self) -> bool:
        """Whether the caller got any of the reply."""
        return self.is_stream and not self.gathered.empty

    @property
    def is_owed(self) -> bool:
        """Whether it is charged even if it is cut now: it was seen, or made for a client who did not stay."""
        return self.was_seen or self.client_left

    @property
    def hides_tokens(self) -> bool:
        """Whether the provider may charge for more than has come: a JSON reply comes at its end, thoughts may never."""
        dialect, traits = self.listing.dialect, self.listing.traits
        if not (self.is_stream or dialect.STREAMS_ALWAYS):
            return True
        return not traits.shows_reasoning and dialect.thinks(self.rendered, traits)

    @property
    def redirect(self) -> str:
        """As a header tells it: our successor of a model that is over, or another model that its provider answered
        with. Empty where the model that was asked for answers.
        """
        listing, served = self.listing, self.facts.model
        if not served or listing.is_named(served):
            return listing.redirect
        other = self.catalog.served(served, listing.provider)
        return f"{listing.asked_as or listing.name} -> {other.name if other else latin(served)}"

    @property
    def status(self) -> int:
        """The status of the answer: once a stream has begun, it has been sent."""
        return 200 if self.fault is None or self.was_seen else self.fault.meaning.status

    async def counted(self) -> int:
        """o200k tokens of what was written so far; a checkpoint counts only what came since the last."""
        async with self.counting:
            pieces = len(unread := self.gathered.unread)
            self.count += await token_counting.counted("".join(unread))
            del unread[:pieces]  # more may have come meanwhile
            return self.count


def latin(text: str | None) -> str:
    """A provider's text in a header: printable ASCII only, or nobody could send it."""
    return "".join(letter for letter in text or "" if " " < letter < "\x7f")[:200]
