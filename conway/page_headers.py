"""What browsers are told about our pages: scripts, styles and connections are our own, and nobody frames us."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control
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


@sync_and_async_middleware
def page_headers(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    def with_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_public = "public" in response.headers.get("cache-control", "")
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not is_public:
            # Whoever has a session: no cache shows it to another, nor the back button after signing out.
            patch_cache_control(response, private=True, no_store=True)
        if response.headers.get("content-type", "").startswith("text/html"):
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
        return response

    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            return with_headers(request, await get_response(request))

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        return with_headers(request, get_response(request))

    return synchronous
