"""The short way for completions: Django's request, URLs and error pages; no middleware and no thread per request."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Scope = dict[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Coroutine[Any, Any, None]]


class LeanHandler(ASGIHandler):
    """Serves views that never block. No session, user or messages are on their request, and no signal tells of it."""

    _get_response_async: Callable[[HttpRequest], Coroutine[Any, Any, HttpResponseBase]]

    def load_middleware(self, is_async: bool = True) -> None:
        none: list[Any] = []
        self._view_middleware = self._template_response_middleware = self._exception_middleware = none
        self._middleware_chain = convert_exception_to_response(self._get_response_async)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        """A client that hangs up cancels its view, and only that."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        request, refusal = self.create_request(scope, body)
        answer = asyncio.create_task(self.answer(request, refusal, send))
        hang_up = asyncio.create_task(receive())  # after the body, all that can come is http.disconnect
        await asyncio.wait((answer, hang_up), return_when=asyncio.FIRST_COMPLETED)
        for task in (answer, hang_up):
            task.cancel()
        await asyncio.wait((answer, hang_up))
        body.close()
        if not answer.cancelled():
            answer.result()

    async def answer(self, request: HttpRequest | None, refusal: HttpResponseBase | None, send: Send) -> None:
        """Exactly one of request and refusal is given."""
        await self.send_response(refusal or await self.get_response_async(cast(HttpRequest, request)), send)
