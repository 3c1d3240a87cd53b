"""How many tokens the prompt of a request can be, and likely is: taken of the body its provider will get.

Everything in that body is text but what its dialect declares (dialects/*/prompt.py). A request without media whose
bytes are few needs no more than their number; the rest is walked and counted, a slice at a time.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from inference.billing import attachments, token_counting
from inference.billing.attachments import Found
from inference.billing.fair import Turns
from inference.billing.token_counting import Tally, raised
from inference.catalog.snapshot import Listing
from inference.chat.messages import AnyPart, Message, RefusalPart, TextPart
from inference.chat.prompt import Media, Pause, Sealed, prompt_of
from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest

turns = Turns(2)  # for prompts longer than a slice


@dataclass(slots=True)
class Measure:
    """How long one rendered request can be. What `take` found is kept: an estimated bill needs it again."""

    rendered: ProviderRequest
    size: int  # of the payload, in bytes
    listing: Listing
    account: int
    is_taken: bool = False
    text: Tally = field(default_factory=Tally)
    sealed: Tally = field(default_factory=Tally)
    media: Found = field(default_factory=Found)

    @property
    def most(self) -> int:
        """Providers refuse, unbilled, what is beyond the model's window."""
        traits = self.listing.traits
        return traits.max_input_tokens or traits.context_tokens

    @property
    def hidden(self) -> int:
        """What providers put before a prompt, and do not show."""
        request = self.rendered.request
        instructions = token_counting.TOOLS_TOKENS if request.tools or request.response_format else 0
        return instructions + token_counting.MAKERS_TOOL_TOKENS * len(self.makers_tools)

    @property
    def makers_tools(self) -> list[str]:
        """The kinds of those that stand among the tools."""
        known = self.rendered.request.makers_tools
        return [known[name].kind for tool in self.rendered.request.tools or () if (name := tool.function.name) in known]

    @property
    def around(self) -> int:
        """What stands around messages; in JSON it takes more bytes than tokens."""
        return token_counting.MESSAGE_TOKENS * len(self.rendered.request.messages) + token_counting.REQUEST_TOKENS

    @property
    def bytes_bound(self) -> int | None:
        """No tokenizer makes more tokens than bytes: cheap, and enough where even that fits. None with media."""
        return None if has_media(self.rendered.request) else min(self.most, self.size + self.hidden)

    @property
    def buckets(self) -> tuple[str, ...]:
        """The input buckets a request can be billed in; of one with media, after `take`."""
        written = ["write_5m"] if self.listing.traits.writes_cache or self.rendered.is_marked else []
        heard = ["audio_in"] if self.media.is_heard else []
        return tuple(dict.fromkeys([*marked_buckets(self.rendered.request), *written, *heard]))

    async def bound(self) -> int:
        """The o200k count, raised for the model; still never more than the bytes."""
        await self.take()
        o200k, size = self.text.tokens + self.sealed.tokens, self.text.bytes + self.sealed.bytes
        text = min(raised(o200k, self.listing.bound_percent), size)
        return min(self.most, text + self.around + self.hidden + self.media.most)

    async def likely(self) -> int:
        return token_counting.likely_prompt(**await self.likely_parts())

    async def likely_parts(self) -> dict[str, int]:
        """What `likely` is made of, to be kept with the bill."""
        await self.take()
        return {
            "o200k": self.text.tokens,
            "messages": len(self.rendered.request.messages),
            "media": self.media.likely,
            "percent": self.listing.estimate_percent,
            "most": self.most,
            "hidden": token_counting.likely_of_makers(self.makers_tools),
        }

    async def least(self) -> int:
        """What the messages say alone, as the thriftier of the model's tokenizer and o200k counts it."""
        texts = [text for message in self.rendered.request.messages for text in texts_of(message)]
        return await token_counting.counted("\n".join(texts)) * min(self.listing.estimate_percent, 100) // 100

    async def take(self) -> None:
        """Small prompts at once; of large ones a slice at a time, and of each account one at a time."""
        if self.is_taken:
            return
        text, sealed, media = Tally(), Tally(), list[Media]()
        is_cut = False
        steps = self.steps(text, sealed, media)
        if next(steps, None) is not None:
            async with turns.of(self.account):
                for _ in steps:
                    if text.tokens + sealed.tokens >= self.most:
                        is_cut = True
                        break
                    await asyncio.sleep(0)
        found = await attachments.measured(media, self.listing.traits, self.most, self.account) if media else Found()
        found.is_heard |= is_cut and has_media(self.rendered.request)
        text.close()
        sealed.close()
        self.text, self.sealed, self.media, self.is_taken = text, sealed, found, True

    def steps(self, text: Tally, sealed: Tally, media: list[Media]) -> Iterator[bool]:
        """Stops whenever a slice was counted, and where the walk stops: short values never fill a slice."""
        for found in prompt_of(self.rendered.body, self.listing.dialect.PROMPT):
            match found:
                case Pause():
                    yield True
                case Sealed(said):
                    yield from added(sealed, said)
                case str():
                    yield from added(text, found)
                case Media() if (written := attachments.text_of(found)) is not None:
                    try:
                        for piece in written:
                            yield from added(text, piece)
                    except UnicodeDecodeError:
                        media.append(found)
                case Media():
                    media.append(found)


def added(tally: Tally, text: str) -> Iterator[bool]:
    for piece in token_counting.slices(text):
        if tally.add(piece):
            yield True


def texts_of(message: Message) -> Iterator[str]:
    if isinstance(message.content, str):
        yield message.content
    for part in message.content if isinstance(message.content, list) else ():
        if isinstance(part, TextPart):
            yield part.text


def has_media(request: ChatRequest) -> bool:
    """A kind of part that is added tomorrow counts as media until somebody says what else it is."""
    return any(not isinstance(part, TextPart | RefusalPart) for part in listed_parts(request))


def listed_parts(request: ChatRequest) -> Iterator[AnyPart]:
    """Those a caller wrote as parts: a plain string is neither media nor marked."""
    for message in request.messages:
        if isinstance(message.content, list):
            yield from message.content


def marked_buckets(request: ChatRequest) -> tuple[str, ...]:
    """The input buckets a request can be billed in, as far as its marks decide that."""
    marks = [part.cache_mark for part in listed_parts(request)] + [
        message.cache_control for message in request.messages
    ]
    marks += [tool.cache_control for tool in request.tools or ()]
    marks += [call.cache_control for message in request.messages for call in message.calls]
    return (
        "input",
        *(["write_5m"] if any(mark is not None for mark in marks) else []),
        *(["write_1h"] if any(mark is not None and mark.ttl == "1h" for mark in marks) else []),
    )
