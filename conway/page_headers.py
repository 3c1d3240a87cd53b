"""What browsers are told about our pages: scripts, styles and connections are our own, and nobody frames us."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",  # the admin's and the API reference's icons
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

PRIVATE = "private, no-store"  # of whoever has a session: no cache, nor the back button after signing out, shows it


@sync_and_async_middleware
def page_headers(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    def told(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.headers.setdefault("cache-control", PRIVATE)
        if response.headers.get("content-type", "").startswith("text/html"):
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            return told(request, await get_response(request))

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        return told(request, get_response(request))

    return synchronous
