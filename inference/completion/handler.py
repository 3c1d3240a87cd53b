"""The story of one completion: who asks → what → may they → at which price → hold → provider → answer.

    authenticate → read → find → render → admit → task (reads, settles) → answer

Errors come in that order, too: 401, then 400, 404 and 503, then 402.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from django.conf import settings

from accounts import credentials
from accounts.addresses import Origin
from accounts.authentication import Caller, authenticate
from conway.common.database import DatabaseUnavailable
from conway.common.errors import new_request_id
from conway.common.logs import loggable_id
from credits.ledger import AdmissionDenied
from inference import catalog
from inference.billing import admission
from inference.catalog.snapshot import Listing, PricePoint
from inference.chat.format import Format, in_words_of
from inference.chat.request import ChatRequest
from inference.chat.unsupported_fields import printable
from inference.completion import concurrency, errors, preparing, refusals, report
from inference.completion.answers import JSON_HEADERS, STREAM_HEADERS, Answer, refusal
from inference.completion.channel import Channel
from inference.completion.headers import (
    Headers,
    address,
    cap,
    completion_id_for,
    follows,
    headers_of,
    money_headers,
    patience,
)
from inference.completion.state import CompletionState
from inference.completion.task import CompletionTask

SILENCE_SECONDS = 15


async def complete(
    format: Format, headers: Headers, body: bytes, caller: Caller | None = None, remote: str = ""
) -> Answer:
    """In the format that the caller speaks. Never raises: a failure is an answer too. `caller`, where it is known
    already; else `remote`, the connection's address.
    """
    request_id = new_request_id()
    try:
        if caller is None:
            origin = Origin(remote, headers.get("x-forwarded-for", ""), headers.get("user-agent", ""))
            caller = await authenticate(credentials.from_headers(headers), origin=origin)
        concurrency.check(caller)
        task = await begin(format, caller, body, headers, request_id)
        return await answer(task)
    except Exception as error:
        return refused(format, error, request_id, headers, caller)


def refused(
    format: Format, error: Exception, request_id: str, headers: Headers, caller: Caller | None = None
) -> Answer:
    answer = in_words_of(format, errors.answer_to(error, address(headers)))
    report.refused(answer, request_id=request_id, headers=headers, caller=caller, format=format)
    refusals.note(caller, answer)
    return refusal(format, answer, request_id)


async def begin(format: Format, caller: Caller, body: bytes, headers: Headers, request_id: str) -> CompletionTask:
    """Prepares and admits a request, and starts its task: everything that can be refused is refused here."""
    received = time.monotonic()
    book = await catalog.current()
    caller = follows(headers, caller)
    prepared = await preparing.prepare(format, caller, body, book)
    request, listing, price = prepared.request, prepared.listing, prepared.price
    rendered, payload, measure = prepared.rendered, prepared.payload, prepared.measure
    cap_cents = cap(headers)
    completion_id, is_idempotent = completion_id_for(caller, headers, format.ID_PREFIX)
    try:
        quote, admitted = await admission.admit(
            completion_id=completion_id,
            caller=caller,
            measure=measure,
            price=price,
            cap_cents=cap_cents,
            is_idempotent=is_idempotent,
            details=held_for(listing, price, request, request_id),
        )
    except AdmissionDenied as refused:
        concurrency.remember(caller, refused)
        raise
    limit = quote.affordable(admitted.cents)
    is_lowered = limit < quote.limit
    if is_lowered or must_send(limit, listing, request):
        try:
            rendered, payload = await prepared.limited(limit)
        except asyncio.CancelledError:  # what is held will never be sent
            admission.release_soon(completion_id, caller.user_id)
            raise
        except Exception:
            with suppress(DatabaseUnavailable):
                await admission.release(completion_id, caller.user_id)
            raise
    for beta in format.betas(headers):
        if not rendered.switch_on(beta):
            rendered.ignore(f"anthropic-beta.{printable(beta)}")
    state = CompletionState(
        id=completion_id,
        request_id=request_id,
        caller=caller,
        catalog=book,
        listing=listing,
        price=price,
        rendered=rendered,
        admission=admitted,
        admitted_at=book.now(),
        format=format,
        measure=measure,
        lowered_limit=limit if is_lowered else None,
        received=received,
        patience=patience(headers),
        client_request_id=loggable_id(headers.get("x-request-id", "")),
    )
    task = CompletionTask(state, payload, settings.CONWAY_DRAIN_SECONDS)
    task.start()
    return task


def must_send(limit: int, listing: Listing, request: ChatRequest) -> bool:
    """Whether a limit must be sent: providers refuse the model's maximum where the prompt leaves less room."""
    most = listing.traits.max_output_tokens
    return (request.output_limit is None or request.output_limit >= most) and limit < most


def held_for(listing: Listing, price: PricePoint, request: ChatRequest, request_id: str) -> dict[str, Any]:
    """What a reaper needs if we die before anything was seen."""
    return {
        "model": listing.name,
        **({"asked_model": listing.asked_as} if listing.asked_as else {}),
        "provider": listing.provider.name,
        "price_id": price.id,
        "is_stream": bool(request.stream),
        "request_id": request_id,
    }


# Answering


async def answer(task: CompletionTask) -> Answer:
    state, delivery = task.state, task.delivery
    try:
        async with asyncio.timeout(SILENCE_SECONDS if state.is_stream else None):
            await delivery.answerable.wait()
    except TimeoutError:
        delivery.answerable.set()  # the headers go out, and with them the chance of another status
        await delivery.channel.put(state.format.KEEP_ALIVE)
    except BaseException:  # cancelled: the client hung up while we waited
        task.leave()
        raise
    if state.fault is not None and not delivery.channel.pieces and state.ended:
        failed = in_words_of(state.format, errors.answer_to(state.fault))
        return refusal(state.format, failed, state.request_id, **headers_of(state))
    headers = {**headers_of(state), **state.format.headers(state.request_id)}
    if state.is_stream:
        return Answer(200, {**headers, **STREAM_HEADERS}, stream(task), delivery.channel)
    return Answer(200, {**headers, **JSON_HEADERS, **money_headers(state)}, delivery.whole())


async def stream(task: CompletionTask) -> AsyncIterator[bytes]:
    try:
        while (piece := await next_piece(task.delivery.channel, task.state.format.KEEP_ALIVE)) is not None:
            yield piece
    finally:
        task.leave()  # does nothing after the end


async def next_piece(channel: Channel, keep_alive: bytes) -> bytes | None:
    """In a long silence a sign of life, so that nothing between us and the client gives up."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while (due := max(begun, channel.last_put) + SILENCE_SECONDS) > loop.time():
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                return await channel.take()
    return keep_alive
