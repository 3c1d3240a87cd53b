"""The short way for completions: Django's request, URLs and error pages, without middleware and without a thread per request."""

import asyncio

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response


class LeanHandler(ASGIHandler):
    """Serves views that never block. Its request knows no session, no user, no messages."""

    def load_middleware(self, is_async: bool = True) -> None:
        self._view_middleware = self._template_response_middleware = self._exception_middleware = []
        self._middleware_chain = convert_exception_to_response(self._get_response_async)

    async def __call__(self, scope, receive, send) -> None:
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

    async def answer(self, request, refusal, send) -> None:
        await self.send_response(refusal or await self.get_response_async(request), send)
