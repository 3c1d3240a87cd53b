"""The story of one completion: who asks → what → may they → at which price → hold → provider → answer.

    authenticate → read → find → render → admit → exchange (reads, settles) → answer

Errors come in that order, too: 401, then 400, 404 and 503, then 402.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from typing import Any

from django.conf import settings

from accounts.authentication import Caller, authenticate
from conway.common.errors import ApiError, new_request_id
from inference import catalog
from inference.billing import settlement
from inference.catalog.snapshot import Listing, PricePoint
from inference.chat.invalid_request import InvalidRequest
from inference.chat.request import ChatRequest
from inference.completion import errors, routing
from inference.completion.channel import Channel
from inference.completion.response import JSON_HEADERS, STREAM_HEADERS, Answer, completion, dumps
from inference.completion.routing import Headers
from inference.completion.task import CompletionTask
from inference.sse import KEEP_ALIVE

LONGEST_IDEMPOTENCY_KEY = 255
SILENCE_SECONDS = 15


async def complete(headers: Headers, body: bytes) -> Answer:
    """Never raises: a failure is an answer too."""
    request_id = new_request_id()
    try:
        caller = await authenticate(headers.get("authorization"))
        exchange = await begin(caller, ChatRequest.read(body), headers, request_id)
        return await answer(exchange)
    except Exception as error:
        return refusal(errors.answer_to(error), request_id)


def refusal(error: ApiError, request_id: str) -> Answer:
    return Answer(
        error.status, {**JSON_HEADERS, **error.headers, "x-request-id": request_id}, dumps(error.body()).encode()
    )


async def begin(caller: Caller, request: ChatRequest, headers: Headers, request_id: str) -> CompletionTask:
    """Up to the provider's door: everything that can be refused is refused here."""
    book = await catalog.current()
    listing, price = routing.find(book, request.model, caller)
    rendered = listing.dialect.render(request, routing.target(listing, caller), limit=None)
    request.grown_bytes = rendered.budget.grown
    payload = rendered.encoded()
    cap_cents = routing.cap(headers)
    completion_id, is_idempotent = completion_id_for(caller, headers)
    try:
        quote, admission = await settlement.admit(
            completion_id=completion_id,
            caller=caller,
            request=request,
            listing=listing,
            price=price,
            cap_cents=cap_cents,
            is_idempotent=is_idempotent,
            details=held_for(listing, price, request, request_id),
        )
    except asyncio.CancelledError:  # the client hung up: it may be admitted, and will never be sent
        if not is_idempotent:
            settlement.release_soon(completion_id, caller.user_id)
        raise
    limit = quote.affordable(admission.cents)
    is_lowered = limit < quote.limit
    if is_lowered or must_send(limit, listing, request):
        rendered = listing.dialect.render(request, routing.target(listing, caller), limit=limit)
        payload = rendered.encoded()
    exchange = CompletionTask(
        id=completion_id,
        request_id=request_id,
        caller=caller,
        catalog=book,
        listing=listing,
        price=price,
        rendered=rendered,
        payload=payload,
        admission=admission,
        admitted_at=book.now(),
        drain_seconds=settings.CONWAY_DRAIN_SECONDS,
        prompt_bound=quote.prompt_tokens,
        lowered_limit=limit if is_lowered else None,
    )
    exchange.start()
    return exchange


def must_send(limit: int, listing: Listing, request: ChatRequest) -> bool:
    """Where the prompt leaves less room than the model's maximum, providers refuse the maximum as a limit."""
    most = listing.traits.max_output_tokens
    return (request.output_limit is None or request.output_limit >= most) and limit < most


def completion_id_for(caller: Caller, headers: Headers) -> tuple[str, bool]:
    """Ours alone. Under an idempotency key it follows from the key, so that a second attempt meets the first one's
    hold or charge.
    """
    if not (key := headers.get("idempotency-key")):
        return "chatcmpl-" + secrets.token_hex(16), False
    if len(key) > LONGEST_IDEMPOTENCY_KEY:
        raise InvalidRequest(
            f"Idempotency-Key is longer than {LONGEST_IDEMPOTENCY_KEY} characters.", param="Idempotency-Key"
        )
    digest = hmac.new(
        settings.SECRET_KEY.encode(), f"completion\0{caller.user_id}\0{key}".encode("utf-8", "replace"), hashlib.sha256
    ).digest()
    return "chatcmpl-" + base64.b32encode(digest).decode().rstrip("=").lower()[:36], True


def held_for(listing: Listing, price: PricePoint, request: ChatRequest, request_id: str) -> dict[str, Any]:
    """What a reaper needs if we die before anything was seen."""
    return {
        "model": listing.name,
        "provider": listing.provider.name,
        "price_id": price.id,
        "is_stream": bool(request.stream),
        "request_id": request_id,
    }


# Answering


async def answer(exchange: CompletionTask) -> Answer:
    try:
        async with asyncio.timeout(SILENCE_SECONDS if exchange.is_stream else None):
            await exchange.answerable.wait()
    except TimeoutError:
        exchange.answerable.set()  # the headers go out, and with them the chance of another status
        await exchange.channel.put(KEEP_ALIVE)
    except BaseException:  # cancelled: the client hung up while we waited
        exchange.leave()
        raise
    if exchange.fault is not None and not exchange.channel.pieces and exchange.ended:
        failed = errors.answer_to(exchange.fault)
        return Answer(
            failed.status, {**headers_of(exchange), **JSON_HEADERS, **failed.headers}, dumps(failed.body()).encode()
        )
    if exchange.is_stream:
        return Answer(200, {**headers_of(exchange), **STREAM_HEADERS}, stream(exchange))
    return Answer(200, {**headers_of(exchange), **JSON_HEADERS, **money_headers(exchange)}, json_body(exchange))


async def stream(exchange: CompletionTask) -> AsyncIterator[bytes]:
    try:
        while (piece := await next_piece(exchange.channel)) is not None:
            yield piece
    finally:
        exchange.leave()  # does nothing after the end


async def next_piece(channel: Channel) -> bytes | None:
    """In a long silence a comment, so that nothing between us and the client gives up."""
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return await channel.take()
    except TimeoutError:
        return KEEP_ALIVE


def json_body(exchange: CompletionTask) -> bytes:
    reply = exchange.whole()
    request = exchange.rendered.request
    return dumps(completion(exchange.id, reply, request, exchange.listing.upstream_id, exchange.usage_shown())).encode()


def headers_of(exchange: CompletionTask) -> dict[str, str]:
    rendered = exchange.rendered
    optional = {
        "x-conway-ignored-params": ",".join(rendered.ignored),
        "x-conway-transforms": ",".join(rendered.transforms),
        "x-conway-max-tokens": str(exchange.lowered_limit or ""),
        "x-conway-upstream-id": latin(exchange.facts.upstream_id),
        "x-conway-sandbox": "true" if exchange.listing.provider.is_sandbox else "",
    }
    return {"x-request-id": exchange.request_id, **{name: value for name, value in optional.items() if value}}


def money_headers(exchange: CompletionTask) -> dict[str, str]:
    booked = exchange.booked
    if booked is None:
        return {}
    money = {
        "x-conway-cost-usd": format(booked.cost_usd.normalize(), "f"),
        "x-conway-charged-cents": str(booked.charged_cents),
    }
    if booked.pending:
        return {**money, "x-conway-settlement": "pending"}
    return money if booked.balance_cents is None else {**money, "x-conway-balance-cents": str(booked.balance_cents)}


def latin(text: str | None) -> str:
    """A provider's text in a header: printable ASCII only, or nobody could send it."""
    return "".join(letter for letter in text or "" if " " < letter < "\x7f")[:200]
