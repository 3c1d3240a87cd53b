"""The provider is asked for one completion, again where attempts.py allows it, and its answer is read.

read → ask → send → read_stream or read_json → delivery
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from inference import metrics
from inference.billing.fair import Turns
from inference.chat.provider_error import BAD_RESPONSE, ProviderError
from inference.chat.reply import Delta, Facts
from inference.completion import preparing, traces
from inference.completion.attempts import Attempts
from inference.completion.delivery import Delivery
from inference.completion.state import CompletionState
from inference.dialects import Translator
from inference.dialects.reading import Reader
from inference.dialects.untrusted_json import body_value
from inference.sse import EventTooLarge
from inference.upstream import client as upstream
from inference.upstream import image_fetch

FETCHES = Turns(32, of_one=4)  # of images, in this process: slow hosts of one account do not keep others waiting


@dataclass(slots=True)
class ProviderCall:
    state: CompletionState
    delivery: Delivery
    payload: bytes  # of `state.rendered`, as it is sent

    async def read(self) -> None:
        """Raises `ProviderError` where there is no answer, or half of one."""
        state = self.state
        await self.fetch_images()
        attempts = Attempts(state.patience, began=state.received)
        try:
            while True:
                attempts.asked = time.monotonic()
                try:
                    return await self.ask()
                except ProviderError as fault:
                    metrics.UPSTREAM_ERRORS.labels(state.listing.provider.name, fault.meaning.code).inc()
                    if self.delivery.finishes and state.facts.usage is not None:
                        return  # the reply is complete; only its terminal event is missing
                    if (pause := self.pause(attempts, fault)) is None:
                        raise
                metrics.UPSTREAM_RETRIES.labels(state.listing.provider.name).inc()
                await asyncio.sleep(pause)
                state.is_answered, state.facts = False, Facts()
                if state.rendered.mended:
                    await self.encode(len(self.payload))
        finally:
            attempts.tell(state.facts)

    async def fetch_images(self) -> None:
        """Puts images into the body, for a provider that fetches none itself."""
        if not (to_fetch := self.state.rendered.to_fetch):
            return
        await image_fetch.fetch_all(to_fetch, partial(FETCHES.of, self.state.caller.user_id))
        await self.encode(len(self.payload) + sum(len(place["url"]) for place in to_fetch))

    async def encode(self, size: int) -> None:
        self.payload = await preparing.encoded(self.state.caller.user_id, self.state.rendered, size)

    def pause(self, attempts: Attempts, fault: ProviderError) -> float | None:
        """Seconds until the provider is asked again. None where it is not: the client has a part of it, or left."""
        state = self.state
        if not state.gathered.empty or state.client_left:
            return None
        state.rendered.mended |= not state.is_answered and state.listing.dialect.mend(state.rendered, fault)
        return attempts.pause(fault, state.facts, is_answered=state.is_answered, is_mended=state.rendered.mended)

    async def ask(self) -> None:
        with traces.call(self.state) as passed_on:
            await self.send(passed_on)

    async def send(self, passed_on: Mapping[str, str]) -> None:
        state, dialect = self.state, self.state.listing.dialect
        wants_stream = state.is_stream or dialect.STREAMS_ALWAYS
        path = dialect.path(state.listing.upstream_id, stream=wants_stream)
        headers = {**state.rendered.headers, **passed_on, "x-request-id": state.request_id}
        state.asked = time.monotonic()
        state.first_asked = state.first_asked or state.asked
        account = state.caller.user_id
        async with upstream.post(
            state.listing.provider, path, self.payload, headers, stream=wants_stream, account=account
        ) as response:
            try:
                if response.status >= 300:
                    raise dialect.fault(response.status, response.headers, await response.read_error())
                state.is_answered = True
                if await response.is_stream():
                    await self.read_stream(response)
                else:
                    await self.read_json(response)
            except ProviderError as fault:
                state.facts = fault.facts or state.facts
                state.facts.upstream_id = state.facts.upstream_id or fault.upstream_id or response.request_id
                raise

    async def read_stream(self, response: upstream.Response) -> None:
        delivery = self.delivery
        translator = self.state.listing.dialect.stream(self.state.rendered)
        reader = Reader(translator)
        self.state.facts = translator.facts
        try:
            async for read in response:
                for deltas in reader.feed(read):
                    delivery.take(deltas)
                if reader.is_done:
                    break
                await delivery.flush()
            else:
                for deltas in reader.end():
                    delivery.take(deltas)
            await delivery.deliver(translator.end())
        except upstream.Broken as broken:
            await delivery.deliver(end_of_broken(translator, broken))
        except EventTooLarge as error:
            raise ProviderError(BAD_RESPONSE, "An event of the stream never ended.") from error
        finally:
            await delivery.flush()

    async def read_json(self, response: upstream.Response) -> None:
        reply = self.state.listing.dialect.parse(body_value(await response.read()), self.state.rendered)
        self.state.facts = reply.facts
        self.delivery.reply = reply
        await self.delivery.deliver(reply.deltas())
        for choice in reply.choices:
            choice.finish_reason = self.state.gathered.finished[choice.index]


def end_of_broken(translator: Translator, broken: ProviderError) -> list[Delta]:
    """The last deltas of a stream that broke. It is complete where its finish reason and its usage have come."""
    try:
        deltas = translator.end()
    except ProviderError:
        raise broken from None
    if translator.facts.usage is None:
        raise broken
    return deltas
