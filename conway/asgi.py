"""Which connection goes where, and what each worker begins and ends with."""

import asyncio
import gc
import os
from typing import Any

import django
from channels.routing import ProtocolTypeRouter, URLRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")
django.setup()

from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from django.core.handlers.asgi import ASGIHandler

from conway.common import database
from credits.pages.urls import websocket_urlpatterns
from inference import catalog
from inference.api import asgi
from inference.api.asgi import Receive, Send
from inference.billing import token_counting
from inference.completion.background import BackgroundLoops
from inference.upstream import client as upstream

pages = ASGIHandler()
upkeep = BackgroundLoops()


async def http(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Completions take the short way: no middleware, and no thread a request."""
    handler = asgi.completions if scope["path"] in asgi.PATHS else pages
    await handler(scope, receive, send)


sockets = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))  # by the session's cookie

application = ProtocolTypeRouter({"http": http, "websocket": sockets})


async def start() -> None:
    """Before a worker's first request."""
    token_counting.o200k()
    gc.freeze()  # what is here stays: the collector need not walk through it for every few hundred requests
    await sync_to_async(catalog.load)()
    await database.pool()
    upkeep.start()


async def stop(deadline: float) -> None:
    """After a worker's last answer, or at `deadline`, in the loop's time, beside those still running. Drains may go on
    until then; what is left is cut and settled within CONWAY_SETTLE_SECONDS."""
    await upkeep.stop(deadline - asyncio.get_running_loop().time())
    await upstream.close()
    await database.close()
