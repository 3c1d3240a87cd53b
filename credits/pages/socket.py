"""The WebSocket of an open page: it says that something changed, never what; the page asks for that by itself."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.generic.websocket import AsyncWebsocketConsumer

from credits import page_notifications

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class CreditsSocket(AsyncWebsocketConsumer):
    group: str | None = None

    async def connect(self) -> None:
        user = self.scope["user"]
        if not user.is_authenticated or not is_ours(self.scope):
            await self.close()  # before accepting: the handshake is answered with 403
            return
        self.group = page_notifications.group(user.pk)
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Pages have nothing to say."""

    async def credits_changed(self, message: dict[str, Any]) -> None:
        await self.send(text_data="changed")


async def nothing_here(scope: Scope, receive: Any, send: Send) -> None:
    await send({"type": "websocket.close"})


def is_ours(scope: Scope) -> bool:
    """Browsers send cookies with a WebSocket whoever opens it, and say in Origin who did."""
    headers = dict(scope["headers"])
    origin, host = (headers.get(name, b"").decode("latin-1").lower() for name in (b"origin", b"host"))
    return bool(host) and urlsplit(origin).netloc == host
