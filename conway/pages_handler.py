"""Everything but completions: Django, whose connections to the database nobody outside can keep."""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http.response import HttpResponseBase

from conway.common.lending import give_back
from conway.postgresql.shares import share, share_of
from inference.api.asgi import Receive, Send


class Pages(ASGIHandler):
    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        share.set(share_of(scope["path"]))
        await super().__call__(scope, receive, send)

    async def send_response(self, response: HttpResponseBase, send: Send) -> None:
        """An answer that is made needs no connection to the database; whoever reads it may take their time."""
        await sync_to_async(give_back)()
        await super().send_response(response, send)
