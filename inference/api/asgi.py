"""Completions, in each format that callers speak, as bare ASGI: no middleware, no thread, nothing of Django's per
request.

A third to a half of a small request's cost would be Django's handler (docs/performance.md). The same endpoints as
django-ninja operations, for their documentation and for whoever mounts the project elsewhere, are in operations.py;
both call handler.complete().

Who asks is known before anything of the body is asked for: the server reads no body that nobody asks for.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, MutableMapping
from contextlib import aclosing
from typing import Any

from django.conf import settings

from accounts import credentials
from accounts.addresses import Origin
from accounts.authentication import Caller, authenticate
from conway.common import tracing
from conway.common.errors import ApiError, new_request_id
from inference.api import chat, content_encoding, formats
from inference.chat.format import Format
from inference.completion import concurrency, errors, handler, prechecks
from inference.completion.answers import Answer, refusal
from inference.completion.channel import Write

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class ClientLeft(Exception):
    """The client left before its whole request was here; or the server has answered it."""


async def completions(scope: Scope, receive: Receive, send: Send) -> None:
    format, answer_to = formats.AT[scope["path"]]
    headers = headers_of(scope)
    tracing.begin(scope["method"], scope["path"], headers)
    caller: Caller | None = None
    try:
        if scope["method"] != "POST":
            raise ApiError(405, headers={"allow": "POST"})
        caller = await authenticate(credentials.from_headers(headers), origin=origin_of(scope, headers))
        concurrency.check(caller)
        body = await body_of(caller, scope, headers, receive)
    except ClientLeft:
        return
    except Exception as error:
        return await whole(handler.refused(format, error, new_request_id(), headers, caller), send)
    offered = scope.get("extensions", {})
    talking = talk(answer_to(format, headers, body, caller), send, offered.get("conway.write"))
    if tell_hang_up := offered.get("conway.hang_up"):
        tell_hang_up(asyncio.current_task().cancel)  # type: ignore[union-attr]  # a task runs this
        await talking
    else:
        await until_hang_up(talking, receive)


async def until_hang_up(talk: Coroutine[Any, Any, None], receive: Receive) -> None:
    """Cancels the talk when `receive` tells that the client has left, as any ASGI server does."""
    talking = asyncio.ensure_future(talk)
    hang_up = asyncio.ensure_future(receive())  # after the body, all that can come is http.disconnect
    await asyncio.wait((talking, hang_up), return_when=asyncio.FIRST_COMPLETED)
    for task in (talking, hang_up):
        task.cancel()
    await asyncio.wait((talking, hang_up))
    if not talking.cancelled():
        talking.result()


async def refuse(error: Exception, send: Send, format: Format = chat) -> None:
    await whole(refusal(format, errors.answer_to(error), new_request_id()), send)


async def talk(answering: Awaitable[Answer], send: Send, write: Write | None) -> None:
    answer = await answering
    if isinstance(answer.body, bytes):
        await whole(answer, send)
    else:
        await pieces(answer, answer.body, send, write)


async def whole(answer: Answer, send: Send) -> None:
    assert isinstance(answer.body, bytes)
    await start(answer, {"content-length": str(len(answer.body))}, send)
    await send({"type": "http.response.body", "body": answer.body})


async def pieces(answer: Answer, body: AsyncIterator[bytes], send: Send, write: Write | None) -> None:
    """Where the server lends us its `write`, `body` yields only what the client was too slow for, and the end."""
    async with aclosing(body) as stream:  # type: ignore[type-var]  # a generator, which can be closed
        await start(answer, {}, send)
        if answer.channel is not None:
            answer.channel.write = write
        async for piece in stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def start(answer: Answer, more: Mapping[str, str], send: Send) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1", "replace"))
        for name, value in {**answer.headers, **more}.items()
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


def origin_of(scope: Scope, headers: Mapping[str, str]) -> Origin:
    remote = (scope.get("client") or ("",))[0]
    return Origin(remote, headers.get("x-forwarded-for", ""), headers.get("user-agent", ""))


def headers_of(scope: Scope) -> dict[str, str]:
    """Lower-case names. Of a header sent twice both values count, as RFC 9110 joins them: two keys are no key."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        known = headers.get(name := name.decode("latin-1").lower())
        headers[name] = value.decode("latin-1") if known is None else f"{known}, {value.decode('latin-1')}"
    return headers


async def body_of(caller: Caller, scope: Scope, headers: Mapping[str, str], receive: Receive) -> bytes:
    """Decoded. Raises ClientLeft, or what the caller or the body is refused with, as soon as that is clear."""
    decoder = content_encoding.decoder(headers.get("content-encoding", ""))
    is_checked = declared(headers) > prechecks.LARGEST_UNCHECKED
    if is_checked:
        await prechecks.check(caller)
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        more = message.get("more_body", False)
        for part in decoder.feed(message.get("body", b"")) if decoder else (message.get("body", b""),):
            size += len(part)
            if size > settings.CONWAY_MAX_BODY_BYTES:
                raise ApiError(413)
            parts.append(part)
            if decoder:
                await make_room(scope, len(part))
        if size > prechecks.LARGEST_UNCHECKED and not is_checked:
            await prechecks.check(caller)
            is_checked = True
    if decoder:
        decoder.end()
    return b"".join(parts)


def declared(headers: Mapping[str, str]) -> int:
    """Bytes of the body, where its length was said; the server has refused what is no length."""
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 19 else 0


async def make_room(scope: Scope, count: int) -> None:
    """Counts what a compressed body grows to; the server counts only what came. Others have their turn in between."""
    hold = scope.get("extensions", {}).get("conway.hold")
    if hold is not None and not hold(count):
        raise ClientLeft
    await asyncio.sleep(0)
