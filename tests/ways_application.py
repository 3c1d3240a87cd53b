"""Ours, without what only our server offers while a file says so (ways.py)."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from django.conf import settings

from conway import asgi
from conway.asgi import ERROR_BODIES, STREAMED_PATHS, start, stop
from tests.ways import SIGN

OURS = ("conway.write", "conway.hang_up")

__all__ = ["ERROR_BODIES", "STREAMED_PATHS", "application", "start", "stop"]


async def application(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Awaitable[None]]) -> None:
    if Path(settings.CONWAY_DATA_DIR, SIGN).exists():
        offered = {name: offer for name, offer in scope.get("extensions", {}).items() if name not in OURS}
        scope = {**scope, "extensions": offered}
    await asgi.application(scope, receive, send)
