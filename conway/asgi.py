"""Which connection goes where, and what each worker begins and ends with."""

import os

import django
from channels.routing import ProtocolTypeRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")
django.setup()

from django.core.handlers.asgi import ASGIHandler  # noqa: E402

from conway.lean import LeanHandler, Receive, Scope, Send  # noqa: E402

pages, completions = ASGIHandler(), LeanHandler()


async def http(scope: Scope, receive: Receive, send: Send) -> None:
    handler = completions if scope["path"] == "/v1/chat/completions" else pages
    await handler(scope, receive, send)


application = ProtocolTypeRouter({"http": http})


async def start() -> None:
    """Before a worker's first request."""


async def stop(deadline: float) -> None:
    """After a worker's last new request, beside the answers still running: they may go on until `deadline`, in the
    loop's time. What is left then is to be cut and settled within conway.server.SETTLE_SECONDS."""
