"""Which connection goes where, and what each worker begins and ends with."""

import asyncio
import gc
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import django
from channels.routing import ProtocolTypeRouter, URLRouter

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")
django.setup()

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from accounts import credentials
from accounts.authentication import authenticate
from accounts.sockets import with_users
from conway import cors, health, monitoring, pages_handler
from conway.alerts import keeping as alerts
from conway.common import database, metrics, tracing
from conway.common.errors import ApiError
from conway.common.lending import lent
from credits import close, keeping
from credits.pages.urls import websocket_urlpatterns
from inference import catalog
from inference.api import asgi, content_encoding, formats
from inference.api.asgi import Receive, Scope, Send
from inference.billing import token_counting
from inference.completion import process_pool
from inference.completion.background import BackgroundLoops, every, off_the_loop
from inference.reporting import daily_sales
from inference.upstream import client as upstream

pages = pages_handler.Pages()
upkeep = BackgroundLoops()
FIRST_SEAT = "0"
ALERT_SECONDS = 30  # what happened is told within a minute
SUMS_SECONDS = 60
sampling: list[asyncio.Task[None]] = []


# For who runs the service: answered whatever Host says, and beside the pages.
OPERATIONS = {"/healthz": health.healthz, "/readyz": health.readyz, "/metrics": monitoring.page}

# Their bodies may be large: they look at who asks before they read any.
STREAMED_PATHS = frozenset({*formats.AT, "/v1/estimate"})
# Objects made and not freed until the collector looks for circles. At 700, as Python has it, it looks while a crowd of
# requests is under way, several times, and finds them all alive: an eighth of their CPU.
COLLECTED_AFTER = 10_000
ERROR_BODIES = {path: format.error for path, (format, _) in formats.AT.items()}


async def http(scope: Scope, receive: Receive, send: Send) -> None:
    """Completions take the short way: no middleware, and no thread a request."""
    path, headers = scope["path"], scope["headers"]
    if operation := OPERATIONS.get(path):
        return await operation(scope, send)
    if settings.CONWAY_CORS_ORIGINS and (origin := cors.allowed(path, cors.header(headers, b"origin"))):
        if cors.is_preflight(scope):
            return await cors.preflight(origin, scope, send)
        send = cors.sender(origin, send)
    if path in formats.AT:
        if not is_ours(host_of(scope), tuple(settings.ALLOWED_HOSTS)):
            refused = ApiError(400, "invalid_host", "This host is not served here.")
            return await asgi.refuse(refused, send, formats.AT[path][0])
        await asgi.completions(scope, receive, send)
    elif path in STREAMED_PATHS and scope["method"] == "POST":
        await known_first(scope, receive, send)
    elif coding := cors.header(headers, b"content-encoding"):
        await asgi.refuse(content_encoding.unsupported(coding.decode("latin-1"), "identity"), send)
    else:
        await pages(dict(scope), receive, send)


async def known_first(scope: Scope, receive: Receive, send: Send) -> None:
    """Django takes a body, to the disk where it is large, before anybody asks whose it is."""
    try:
        headers = asgi.headers_of(scope)
        caller = await authenticate(credentials.from_headers(headers), origin=asgi.origin_of(scope, headers))
        body = await asgi.body_of(caller, scope, headers, receive)
    except asgi.ClientLeft:
        return
    except Exception as error:
        return await asgi.refuse(error, send)
    whole = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Mapping[str, Any]:
        return whole.pop() if whole else await receive()

    plain = [each for each in scope["headers"] if each[0] not in (b"content-encoding", b"content-length")]
    length = (b"content-length", str(len(body)).encode())
    await pages({**scope, "headers": [*plain, length]}, again, send)


def host_of(scope: Scope) -> str:
    """HTTP/1.0 need not name one."""
    address = (scope.get("server") or ("",))[0]
    return cors.header(scope["headers"], b"host", address.encode()).decode("latin-1")


@lru_cache(maxsize=256)
def is_ours(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether Django would accept this host; `allowed` is ALLOWED_HOSTS, for the cache."""
    request = HttpRequest()
    request.META["HTTP_HOST"] = host
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


sockets = with_users(URLRouter(websocket_urlpatterns))

application = ProtocolTypeRouter({"http": http, "websocket": sockets})


def look_for_alerts() -> None:
    with lent():
        alerts.look()


async def add_up() -> None:
    """Adds up what pages would else add up while somebody waits."""
    while await off_the_loop(keeping.keeper.step):
        pass
    for look in (daily_sales.look, close.look):
        await off_the_loop(look)


fork = process_pool.fork


async def start() -> None:
    """Starts what a worker needs before its first request."""
    process_pool.start()
    token_counting.o200k()
    gc.freeze()  # what is here stays: the collector need not walk through it for every few hundred requests
    gc.set_threshold(COLLECTED_AFTER, *gc.get_threshold()[1:])
    await sync_to_async(catalog.load)()
    await database.pool()
    tracing.start()
    upkeep.start()
    sampling.append(asyncio.create_task(monitoring.sample_for_ever()))
    sampling.append(asyncio.create_task(every(SUMS_SECONDS, add_up)))
    if metrics.seat() == FIRST_SEAT:  # one process of a machine is enough
        sampling.append(asyncio.create_task(every(ALERT_SECONDS, sync_to_async(look_for_alerts))))


async def stop(deadline: float) -> None:
    """After a worker's last answer, or at `deadline`, in the loop's time, beside those still running. Drains may go on
    until then; what is left is cut and settled within CONWAY_SETTLE_SECONDS."""
    while sampling:
        sampling.pop().cancel()
    await upkeep.stop(deadline - asyncio.get_running_loop().time())
    await upstream.close()
    await database.close()
    await tracing.stop()
