"""Every answer has an `x-request-id`, and under /v1 every error the one shape, even those that no exception made."""

import logging
import time
import zlib
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin

from conway.common import tracing
from conway.common.error_pages import is_api
from conway.common.errors import ApiError, new_request_id
from conway.common.logs import METHODS, Fields, loggable_id

log = logging.getLogger("conway.access")


@sync_and_async_middleware
def api_answers(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    def before(request: HttpRequest) -> None:
        request.request_id = new_request_id()  # type: ignore[attr-defined]  # ours, on Django's request
        request.began = time.monotonic()  # type: ignore[attr-defined]  # ours, too

    def after(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.status_code >= 400 and is_api(request) and not is_json(response):
            response = in_shape(response)
        response.headers.setdefault("x-request-id", request.request_id)  # type: ignore[attr-defined]  # set above
        tell(request, response)
        trace(request, response)
        return response

    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            before(request)
            return after(request, await get_response(request))

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        before(request)
        return after(request, get_response(request))

    return synchronous


def tell(request: Any, response: HttpResponseBase) -> None:
    """A line of the access log. By its route, not its path: mailed links have their secret there."""
    if not log.isEnabledFor(logging.INFO):
        return
    known = vars(request)  # who asks, if anybody wanted to know: the log asks no database
    user = known.get("_cached_user") or known.get("_acached_user")
    fields = {
        "request_id": request.request_id,
        "client_request_id": loggable_id(request.headers.get("x-request-id", "")),
        "method": request.method if request.method in METHODS else "other",
        "route": request.resolver_match.route if request.resolver_match else None,
        "account": getattr(user, "pk", None),
        "status": response.status_code,
        "total_ms": round((time.monotonic() - request.began) * 1000),
    }
    log.info("%s", Fields(fields), extra={"fields": fields})


def trace(request: Any, response: HttpResponseBase) -> None:
    """Records the request as a span, by its route."""
    if tracing.recorder is not None:
        tracing.whole(
            request.method,
            request.resolver_match.route if request.resolver_match else None,
            request.headers.get("traceparent", ""),
            time.monotonic() - request.began,
            response.status_code,
            request.request_id,
        )


def is_json(response: HttpResponseBase) -> bool:
    return response.headers.get("content-type", "").startswith("application/json")


def in_shape(response: HttpResponseBase) -> HttpResponseBase:
    """Gives an answer the error shape that no exception made: a 405, a refused host, DEBUG's technical pages."""
    response.close()
    kept = {name: response.headers[name] for name in ("allow", "retry-after") if name in response.headers}
    return ApiError(response.status_code, headers=kept).response()


class Compression(GZipMiddleware):
    """Of pages and CSV. Django pads each answer by a random length and masks the token of its forms, and no page that
    shows a secret repeats what an address said: so lengths tell nothing. Streams of events go out as they come.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("content-type", "").startswith(("text/html", "text/csv")):
            return response
        pieces = (
            response.streaming_content if isinstance(response, StreamingHttpResponse) and response.is_async else None
        )
        answer = super().process_response(request, response)
        if (
            pieces is not None
            and isinstance(answer, StreamingHttpResponse)
            and answer.headers.get("content-encoding") == "gzip"
        ):
            answer.streaming_content = in_one_member(cast("AsyncIterator[bytes]", pieces))
        return answer


async def in_one_member(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Django makes each piece a gzip file of its own (5.2); browsers stop reading at the end of the first one."""
    packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    async for piece in pieces:
        yield packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


class Refusals(MiddlewareMixin):
    """An ApiError that a page meets, such as a limit, is a page; under /v1 it has the API's shape."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, ApiError):
            return None
        if is_api(request):
            return error.response(getattr(request, "request_id", None))
        page = render(request, "accounts/refused.html", {"message": error.message}, status=error.status)
        for name, value in error.headers.items():
            page.headers[name] = value
        return page
